package noderuntime

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// ErrSpec is wrapped by errors about a node that cannot be started as it is described.
var ErrSpec = errors.New("invalid node")

// longestName is the kernel's limit for a host name, in bytes.
const longestName = 64

// longestDir is how long the path of a node's directory may be, in bytes: with that of the agent's socket in it, of
// three, it must not be longer than what the kernel takes for a socket's, 107.
const longestDir = 107 - len("/ctl")

// Checker is implemented by runtimes that can say beforehand what they cannot start.
type Checker interface {
	// Check returns all that is wrong with specs as Start would find it, without touching anything: neither the host
	// nor an engine is asked, a spec needs no secret, and its directory need not be there. Errors wrap ErrSpec or
	// ErrNotSupported.
	Check(specs []Spec) error
}

// CheckSpecs makes the paths of specs absolute and returns all that is wrong with them: what no runtime can
// start, and what own says of a runtime's limits. Errors wrap ErrSpec or are own's.
func CheckSpecs(specs []Spec, own func(Spec) error) ([]Spec, error) {
	out, seen, failed := make([]Spec, len(specs)), map[[2]string]bool{}, []error(nil)
	for i, s := range specs {
		key := [2]string{s.Testbed, s.Node}
		if seen[key] {
			failed = append(failed, fmt.Errorf("%w: %s of testbed %s is there twice", ErrSpec, s.Node, s.Testbed))
		}
		seen[key] = true
		failed = append(failed, s.check(), own(s))
		var errs [2]error
		if s.Dir, errs[0] = filepath.Abs(s.Dir); s.HostsAt != "" {
			s.HostsAt, errs[1] = filepath.Abs(s.HostsAt)
		}
		failed = append(failed, errs[:]...)
		failed = append(failed, s.checkDir())
		out[i] = s
	}
	return out, errors.Join(failed...)
}

// CheckNames fails where no node can have these names, wherever they were found. Errors wrap ErrSpec.
func CheckNames(testbed, node string) error {
	switch {
	case testbed == "" || len(testbed) > longestName || strings.ContainsAny(testbed, "./\x00\n"):
		return fmt.Errorf("%w: %q cannot be a testbed's name: it must not be empty nor hold a dot or slash", ErrSpec, testbed)
	case node == "" || len(node) > longestName || node == "." || node == ".." || strings.ContainsAny(node, "/\x00\n"):
		return fmt.Errorf("%w: %q cannot be a host's name: it has 1 to %d bytes and no slash", ErrSpec, node, longestName)
	}
	return nil
}

// checkDir makes sure that the agent can have its socket in the directory, which is absolute.
func (s Spec) checkDir() error {
	if len(s.Args) == 0 || len(s.Dir) <= longestDir {
		return nil
	}
	return fmt.Errorf("%w: %s of testbed %s: its directory %s has %d bytes and may have %d, so that its agent's "+
		"socket can be in it: choose shorter names, of both together %d bytes at most", ErrSpec, s.Node, s.Testbed,
		s.Dir, len(s.Dir), longestDir, max(longestDir-len(s.Dir)+len(s.Testbed)+len(s.Node), 2))
}

func (s Spec) check() error {
	err := CheckNames(s.Testbed, s.Node)
	switch {
	case err != nil:
		return err
	case s.Dir == "":
		return fmt.Errorf("%w: %s has no directory", ErrSpec, s.Node)
	}
	for _, a := range append(s.Args[:len(s.Args):len(s.Args)], s.Dir, s.HostsAt) {
		if strings.ContainsRune(a, 0) {
			return fmt.Errorf("%w: %s has an argument with a zero byte", ErrSpec, s.Node)
		}
	}
	return nil
}
