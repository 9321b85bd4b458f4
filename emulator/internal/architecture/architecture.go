// Package architecture holds the rules of the source tree as tests: which package may import which, and
// that each says what it is.
package architecture
