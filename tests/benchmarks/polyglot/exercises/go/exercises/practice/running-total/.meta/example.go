package runningtotal

// Totals returns the running totals of some numbers.
func Totals(numbers []int) []int {
	found, sum := []int{}, 0
	for _, number := range numbers {
		sum += number
		found = append(found, sum)
	}
	return found
}
