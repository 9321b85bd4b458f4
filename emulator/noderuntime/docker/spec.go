package docker

import (
	"errors"
	"fmt"
	"path/filepath"

	"testbed/emulator/noderuntime"
)

// longestName is what every version of the engine takes for a host name, in bytes.
const longestName = 63

// checkSpecs makes the paths of specs absolute and returns all that is wrong with them.
func checkSpecs(specs []noderuntime.Spec) ([]noderuntime.Spec, error) {
	return noderuntime.CheckSpecs(specs, func(s noderuntime.Spec) error {
		switch {
		case len(s.Node) > longestName:
			return fmt.Errorf("%w: %q cannot be a host's name: it has 1 to %d bytes and no slash", noderuntime.ErrSpec, s.Node, longestName)
		case len(s.Args) == 0 && s.Image == "":
			return fmt.Errorf("%w: %s has neither arguments nor an image", noderuntime.ErrSpec, s.Node)
		case s.Secret.IsZero():
			return fmt.Errorf("%w: %s has no secret to sign its container with", noderuntime.ErrSpec, s.Node)
		case len(s.Run) > longestRun:
			return fmt.Errorf("%w: the run of %s has a name of more than %d bytes", noderuntime.ErrSpec, s.Node, longestRun)
		case s.Limits.CPU < 0 || s.Limits.Memory < 0:
			return fmt.Errorf("%w: %s has a limit below zero", noderuntime.ErrSpec, s.Node)
		case s.Testbed != specs[0].Testbed:
			return fmt.Errorf("%w: %s is of testbed %s, others are of %s: start one testbed at a time", noderuntime.ErrSpec, s.Node, s.Testbed, specs[0].Testbed)
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
