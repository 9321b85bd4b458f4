// Package station is what every fabric does in a station's namespace: it sets the kernel's variables there.
package station
