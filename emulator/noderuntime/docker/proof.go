package docker

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"

	"testbed/emulator/noderuntime"
)

// Labels of a node's container.
const (
	LabelTestbed = "testbed"        // the testbed's name
	LabelNode    = "testbed.node"   // the node's name
	LabelRun     = "testbed.run"    // Spec.Run
	labelLaunch  = "testbed.launch" // the Start that made it
	labelProof   = "testbed.proof"  // signature of the others and of the container's name, with Spec.Secret
)

const (
	longestRun    = 128       // bytes of a run's identification
	longestLaunch = time.Hour // from its beginning to the creation of its last container
)

// labels are those of a node's container.
func labels(s noderuntime.Spec, launch string) map[string]string {
	return map[string]string{LabelTestbed: s.Testbed, LabelNode: s.Node, LabelRun: s.Run, labelLaunch: launch,
		labelProof: s.Secret.Sign(signed(s.Testbed, s.Node, s.Run, launch)...)}
}

// signed is what a container's signature is of. With the name in it, of which an engine has but one, no other
// container beside it can bear a copy of the labels.
func signed(testbed, node, run, launch string) []string {
	return []string{"container", containerName(testbed, node), testbed, node, run, launch}
}

// secretsOf gives the secrets that may have signed the labels of a bringing up of a testbed.
type secretsOf func(testbed, run string) []noderuntime.Secret

// prove tells whether a container is one that whoever knows one of the secrets made: its signature is right,
// its name is the one that was signed, and it was made when its launch was, so that a later container cannot
// take over the name and the labels of one that is gone. Labels are anybody's: what they say is checked
// before anything else is done with it.
func (secrets secretsOf) prove(c container.Summary) bool {
	testbed, node, run, launch := c.Labels[LabelTestbed], c.Labels[LabelNode], c.Labels[LabelRun], c.Labels[labelLaunch]
	if !bears(c, containerName(testbed, node)) || checkNames(testbed, node) != nil || len(run) > longestRun {
		return false
	}
	l, err := parseLaunch(launch)
	if err != nil || !l.made(c) {
		return false
	}
	return slices.ContainsFunc(secrets(testbed, run), func(s noderuntime.Secret) bool {
		return s.Verify(c.Labels[labelProof], signed(testbed, node, run, launch)...)
	})
}

// bears tells whether a container has a name. The engine puts a slash before it.
func bears(c container.Summary, name string) bool { return slices.Contains(c.Names, "/"+name) }

// launchID identifies one Start: when it began, and a random number.
type launchID struct {
	begun  time.Time // to the second
	ticks  uint64    // the same in clock ticks after boot; 0: not known
	random string
}

func newLaunch() launchID {
	random := make([]byte, 16)
	_, _ = rand.Read(random) // it never fails: see crypto/rand
	return launchID{time.Unix(time.Now().Unix(), 0), ticks(), hex.EncodeToString(random)}
}

// String is the label's text.
func (l launchID) String() string { return fmt.Sprintf("%d-%d-%s", l.begun.Unix(), l.ticks, l.random) }

func parseLaunch(text string) (l launchID, err error) {
	parts := strings.Split(text, "-")
	if len(parts) != 3 {
		return l, fmt.Errorf("%q is no launch", text)
	}
	seconds, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil {
		return l, err
	}
	l.begun, l.random = time.Unix(seconds, 0), parts[2]
	l.ticks, err = strconv.ParseUint(parts[1], 10, 64)
	return l, err
}

// made tells whether a container was created while the launch went on, or so soon after that an engine which
// had hung may have made it. Engine and launch read one clock.
func (l launchID) made(c container.Summary) bool {
	return !time.Unix(c.Created, 0).After(l.begun.Add(longestLaunch))
}

// superseded tells whether a node that is recorded was started by this launch or a later one: of a launch, no
// other container can be there for it. Records do not outlive a boot of the host.
func (l launchID) superseded(by noderuntime.Node) bool { return l.ticks != 0 && l.ticks <= by.Start }
