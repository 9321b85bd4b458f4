//go:build !nodeprogram

package program

// builtIn is empty in a program that was built without the tag nodeprogram, as by `go build ./cmd/testbed`.
var builtIn []byte
