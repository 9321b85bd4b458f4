package faas

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"testbed/emulator/faas/function"
)

// wishTime is how long the agent lets the controller wait for wishes before it says that there are none.
const wishTime = 20 * time.Second

// handleWishes tells the controller what containers are to be started and ended beside this node, once there are some.
func (a *Agent) handleWishes(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), wishTime)
	defer cancel()
	respondJSON(w, a.beside.Wishes(ctx))
}

// handleFulfilled takes in what became of a wish.
func (a *Agent) handleFulfilled(w http.ResponseWriter, r *http.Request, id string) {
	var f function.Fulfilled
	if !a.readJSON(w, r, &f) {
		return
	}
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		fail(w, http.StatusBadRequest, fmt.Errorf("wish %.20q: want a number", id))
		return
	}
	a.beside.Fulfil(n, f)
	respond(w, http.StatusNoContent, nil)
}

// Wishes asks what containers the agent wants to be started and ended beside its node. It waits until there is
// something; none: it is to be asked again.
func (c *Client) Wishes(ctx context.Context) ([]function.Wish, error) {
	var wishes []function.Wish
	err := c.do(ctx, http.MethodGet, "/wishes", nil, &wishes, maxSpec)
	return wishes, err
}

// Fulfil tells the agent what became of a wish.
func (c *Client) Fulfil(ctx context.Context, id int64, f function.Fulfilled) error {
	return c.do(ctx, http.MethodPost, "/wishes/"+strconv.FormatInt(id, 10), f, nil, maxAnswer)
}

// launchers starts programs as their kind needs.
type launchers struct {
	process *function.Launcher
	beside  *function.Beside
}

// Start implements launcher.
func (l launchers) Start(ctx context.Context, p *function.Program) (*function.Instance, error) {
	if p.Image != "" {
		return l.beside.Start(ctx, p)
	}
	return l.process.Start(ctx, p)
}
