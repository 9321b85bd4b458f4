// Package faas is what runs inside a node: one agent that is a function worker, a state repository and a
// client's invoker at once, and the controller's side of it. Functions are invoked over HTTP/1.1 on
// persistent connections inside the emulated network; the controller talks to agents over unix sockets,
// so that seeding, checking and cleaning up cause no emulated traffic.
//
// State is real. A value has a key, a version and content that follows from both, so that a lost, repeated
// or torn update shows when a chain is done: the versions must sum up to the number of invocations that
// touched the state, and the content must be what that version's content is.
package faas

import "errors"

// AgentCommand is the hidden command that makes the program's binary a node's agent.
const AgentCommand = "agent"

// ErrNotSupported is wrapped by errors about plans that the FaaS cannot carry out, or computing modes that
// this operating system lacks.
var ErrNotSupported = errors.New("not supported by the FaaS")
