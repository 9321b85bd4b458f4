package docker

import (
	"errors"
	"fmt"
	"path/filepath"

	"testbed/emulator/noderuntime"
	"testbed/emulator/units"
)

// longestName is what every version of the engine takes for a host name, in bytes.
const longestName = 63

// The least that the engine gives a node that has a limit.
const (
	leastCPU   = 10            // thousandths of a core
	leastBytes = 6 * units.MiB // of memory, since Engine 20.10
)

var _ noderuntime.Checker = (*Runtime)(nil)

// Check says what is wrong with specs that could be known beforehand.
func (*Runtime) Check(specs []noderuntime.Spec) error {
	_, err := noderuntime.CheckSpecs(specs, checkSpec)
	return err
}

// checkSpec is what the engine would refuse of a node.
func checkSpec(s noderuntime.Spec) error {
	switch l := s.Limits; {
	case len(s.Node) > longestName:
		return fmt.Errorf("%w: %q cannot be a host's name: it has 1 to %d bytes and no slash",
			noderuntime.ErrSpec, s.Node, longestName)
	case len(s.Args) == 0 && s.Image == "":
		return fmt.Errorf("%w: %s has neither arguments nor an image", noderuntime.ErrSpec, s.Node)
	case l.CPU < 0 || l.Memory < 0:
		return fmt.Errorf("%w: %s has a limit below zero", noderuntime.ErrSpec, s.Node)
	case l.CPU != 0 && l.CPU < leastCPU:
		return fmt.Errorf("%w: %s is to have %.3f cores, and the engine gives %.2f at least: raise its cpu, or set "+
			"resources: none", noderuntime.ErrSpec, s.Node, float64(l.CPU)/1000, float64(leastCPU)/1000)
	case l.Memory != 0 && l.Memory < leastBytes:
		return fmt.Errorf("%w: %s is to have %v of memory, and the engine gives %v at least: raise its memory, or set "+
			"resources: none", noderuntime.ErrSpec, s.Node, l.Memory, leastBytes)
	}
	return nil
}

// checkSpecs makes the paths of specs absolute and returns all that is wrong with them.
func checkSpecs(specs []noderuntime.Spec) ([]noderuntime.Spec, error) {
	return noderuntime.CheckSpecs(specs, func(s noderuntime.Spec) error {
		switch err := checkSpec(s); {
		case err != nil:
			return err
		case s.Secret.IsZero():
			return fmt.Errorf("%w: %s has no secret to sign its container with", noderuntime.ErrSpec, s.Node)
		case len(s.Run) > longestRun:
			return fmt.Errorf("%w: the run of %s has a name of more than %d bytes", noderuntime.ErrSpec, s.Node, longestRun)
		case s.Testbed != specs[0].Testbed:
			return fmt.Errorf("%w: %s is of testbed %s, others are of %s: start one testbed at a time",
				noderuntime.ErrSpec, s.Node, s.Testbed, specs[0].Testbed)
		}
		return nil
	})
}

// readyFile is the file by which a node says that it is ready.
func readyFile(s noderuntime.Spec) string { return filepath.Join(s.Dir, ".ready-"+s.Node) }

// checkNames checks the names that a container's labels give as those of a Spec are.
func checkNames(testbed, node string) error {
	named := []noderuntime.Spec{{Testbed: testbed, Node: node, Dir: "/"}}
	_, err := noderuntime.CheckSpecs(named, func(noderuntime.Spec) error { return nil })
	if len(node) > longestName {
		return errors.Join(err, fmt.Errorf("%w: a host's name has 1 to %d bytes", noderuntime.ErrSpec, longestName))
	}
	return err
}
