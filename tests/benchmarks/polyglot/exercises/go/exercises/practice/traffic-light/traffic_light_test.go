package trafficlight

import "testing"

func check(t *testing.T, colour, expected string) {
	t.Helper()
	actual, err := After(colour)
	if err != nil {
		t.Fatalf("After(%q) failed: %v", colour, err)
	}
	if actual != expected {
		t.Errorf("After(%q) = %q, want %q", colour, actual, expected)
	}
}

func TestRed(t *testing.T)    { check(t, "red", "green") }
func TestGreen(t *testing.T)  { check(t, "green", "yellow") }
func TestYellow(t *testing.T) { check(t, "yellow", "red") }

func TestAnotherColourIsRefused(t *testing.T) {
	if _, err := After("blue"); err == nil {
		t.Fatal("After(blue) did not fail")
	}
}
