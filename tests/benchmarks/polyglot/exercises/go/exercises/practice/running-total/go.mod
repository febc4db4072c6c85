module runningtotal

go 1.18
