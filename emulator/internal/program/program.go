// Package program is the executable that nodes and the fabric's process run: the small node program that is built
// into the controller, or the controller itself, which can be both.
package program

import (
	"path/filepath"
	"sync"
)

// Program is an executable.
type Program struct{ path func() string }

// At is the executable at a path, resolved now, so that /proc/self/exe may be given.
func At(path string) Program {
	path = resolve(path)
	return Program{func() string { return path }}
}

// Node is the node program that is built into this one, written into the directory dir when it is asked for first. It
// is the executable at fallback where none is built in, or dir cannot take it.
func Node(dir, fallback string) Program {
	fallback = resolve(fallback)
	return Program{sync.OnceValue(func() string {
		if len(builtIn) == 0 {
			return fallback
		}
		path, err := install(dir, builtIn)
		if err != nil {
			return fallback
		}
		return path
	})}
}

// Path is where the executable is, absolute.
func (p Program) Path() string { return p.path() }

func resolve(path string) string {
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved
	}
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	return path
}
