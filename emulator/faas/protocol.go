package faas

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// Protocol is the number of the control protocol. It changes with whatever the controller and an agent
// would misunderstand of one another: every request and response on the control socket carries it.
const Protocol = 6

// ErrProtocol is wrapped by errors about an agent of another protocol number than the controller's.
var ErrProtocol = errors.New("the control protocols differ")

const headerProtocol = "X-Testbed-Protocol"

var protocolHeader = []string{strconv.Itoa(Protocol)} // read only

// checkProtocol holds a request's number against the agent's.
func checkProtocol(h http.Header) error {
	if n := h.Get(headerProtocol); n != protocolHeader[0] {
		return fmt.Errorf("%w: this agent speaks number %d, the request says %q", ErrProtocol, Protocol, n)
	}
	return nil
}

// checkAgentProtocol holds a response's number against the controller's.
func checkAgentProtocol(h http.Header) error {
	n := h.Get(headerProtocol)
	if n == protocolHeader[0] {
		return nil
	}
	if n == "" {
		n = "none"
	}
	return fmt.Errorf("%w: this program speaks number %d, the agent %.20q: "+
		"take the testbed down and up again with one version of testbed",
		ErrProtocol, Protocol, n)
}
