module trafficlight

go 1.18
