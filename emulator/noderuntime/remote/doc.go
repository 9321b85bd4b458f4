// Package remote is a runtime of nodes on another machine: what is asked of it here is done there, by a runtime that
// an agent has. Client and server are of one build of the program, so that their messages need no versions. The
// secrets by which the machine's containers are signed stay here: the agent asks for those that it needs.
package remote

import (
	"testbed/emulator/machines/control"
	"testbed/emulator/noderuntime"
)

// The services of a control connection: SecretsService is the controller's, the others are the agent's.
const (
	Service        = "runtime"
	DialService    = "dial"
	SecretsService = "secrets"
)

// Opener opens a stream to a service of the other side.
type Opener = control.Opener

// Secrets are what a controller knows of the testbeds that it brought up; see noderuntime.Environment.
type Secrets struct {
	Of  func(testbed, run string) []noderuntime.Secret
	Key func() noderuntime.Secret
}
