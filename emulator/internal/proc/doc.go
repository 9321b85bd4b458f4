// Package proc holds on to processes, so that another one that gets the number is never meant, and tells
// those that this program started from those that only look like it.
package proc
