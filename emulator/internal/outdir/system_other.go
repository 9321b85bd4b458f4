//go:build !unix

package outdir

import (
	"io/fs"
	"os"
)

const nonBlocking = 0

// setOwnerAndMode does nothing: what is made belongs to its maker here, and has no mode.
func (owner) setOwnerAndMode(*os.File, fs.FileMode) error { return nil }

func maker(fs.FileInfo) int { return -1 }

func names(fs.FileInfo) uint64 { return 1 }
