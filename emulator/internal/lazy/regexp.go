// Package lazy holds what is made when it is first used, so that programs that are started often, as one a node is,
// do not wait for what they hardly ever need.
package lazy

import (
	"regexp"
	"sync"
)

// Regexp compiles a regular expression once, when it is first asked for. It panics then where the expression is none.
//
// Inlined, each caller would have OnceValue's code for itself: 65 kB of the controller.
//
//go:noinline
func Regexp(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}
