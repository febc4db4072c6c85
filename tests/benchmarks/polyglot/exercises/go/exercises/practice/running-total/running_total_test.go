package runningtotal

import (
	"slices"
	"testing"
)

func TestTotals(t *testing.T) {
	for _, tc := range testCases {
		t.Run(tc.description, func(t *testing.T) {
			actual := Totals(tc.numbers)
			if !slices.Equal(actual, tc.expected) {
				t.Fatalf("Totals(%v) = %v, want %v", tc.numbers, actual, tc.expected)
			}
		})
	}
}

func BenchmarkTotals(b *testing.B) {
	for i := 0; i < b.N; i++ {
		Totals([]int{1, 2, 3})
	}
}
