package trafficlight

import "fmt"

// After returns the colour that comes next.
func After(colour string) (string, error) {
	switch colour {
	case "red":
		return "green", nil
	case "green":
		return "yellow", nil
	case "yellow":
		return "red", nil
	}
	return "", fmt.Errorf("no such colour: %q", colour)
}
