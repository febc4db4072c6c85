package runningtotal

var testCases = []struct {
	description string
	numbers     []int
	expected    []int
}{
	{"no numbers", []int{}, []int{}},
	{"one number", []int{4}, []int{4}},
	{"several numbers", []int{1, 2, 3}, []int{1, 3, 6}},
	{"numbers below zero", []int{5, -7, 2}, []int{5, -2, 0}},
}
