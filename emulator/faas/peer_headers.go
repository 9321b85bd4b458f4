package faas

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// headerPrefix begins the names of all headers of ours.
const headerPrefix = "X-Testbed-"

// peerHeaders are the headers that an agent accepts from other nodes, by the begin of the path. They say what a caller
// may rightly say, of its own message: sizes, keys, versions, and which call or message it is. What decides over the
// agent (how instances live, where the password goes, what comes and goes) the controller says, on the control socket.
var peerHeaders = []struct {
	path    string
	headers []string
}{
	{"/function/", []string{
		headerCall, headerStates, headerLasting, headerSeat, headerStores, headerLengths, headerUnderWay,
	}},
	{"/state/", []string{headerVersion, headerBundle, headerBallot}},
	{pathNext, []string{headerNext, headerStates}},
	{pathArrive, []string{headerArrive}},
}

// checkPeerHeaders fails where a request from another node has a header of ours that is not for it to say.
func checkPeerHeaders(r *http.Request) error {
	for name := range r.Header {
		if !strings.HasPrefix(name, headerPrefix) {
			continue
		}
		accepted := false
		for _, of := range peerHeaders {
			accepted = accepted || strings.HasPrefix(r.URL.Path, of.path) && slices.Contains(of.headers, name)
		}
		if !accepted {
			return fmt.Errorf("header %s: another node may not say that", name)
		}
	}
	return nil
}

// handleFromPeer serves the functions' port.
func (a *Agent) handleFromPeer(w http.ResponseWriter, r *http.Request) {
	if err := checkPeerHeaders(r); err != nil {
		a.refuse(w, r, http.StatusForbidden, err)
		return
	}
	a.handleFromNetwork(w, r)
}
