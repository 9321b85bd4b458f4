package faas

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"testbed/emulator/units"
)

// pathArrivals is where the controller tells an agent, on its control socket, which instances are about to come: POST
// an Arrival; DELETE takes it back.
const pathArrivals = "/arrivals"

// Arrival announces to a node's agent that an instance will come. What other nodes send of instances is taken only from
// who knows the token of one that was announced, for anybody can send to the functions' port.
type Arrival struct {
	Stateful
	Token string `json:"token"` // which the source is told as well
	Home  bool   `json:"home"`  // the instance is placed at this node
	Bytes int64  `json:"bytes"` // of its states, that may be there at a time before it is served: at most so many
	Needs Needs  `json:"needs"`
}

// Bounds of what is announced.
const (
	maxAnnounced = 64        // of one instance at a time: the oldest is forgotten
	moveSlack    = 256 << 20 // bytes that chains which begin during a move may add to what an instance has
)

// errUnannounced is HTTP's 403.
var errUnannounced = errors.New("the controller has not announced it")

func (a *Arrival) validate() error {
	if len(a.Token) < 16 || len(a.Token) > maxKey || a.Bytes < 0 {
		return fmt.Errorf("instance %.150s: a token of %d bytes, %d bytes of states", a.ID, len(a.Token), a.Bytes)
	}
	return errors.Join(checkKey(a.Token), a.Stateful.validate(), a.Needs.validate(&a.Stateful))
}

// announced is what a resident knows of a move that brings it here.
type announced struct {
	token string
	bytes int64
	until time.Time // then it is forgotten: no move takes longer
}

// announce enters a move to here.
func (r *resident) announce(a *Arrival, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.announcements = slices.DeleteFunc(r.announcements, func(one *announced) bool { return now.After(one.until) })
	if n := len(r.announcements); n >= maxAnnounced {
		r.announcements = slices.Delete(r.announcements, 0, n-maxAnnounced+1)
	}
	r.announcements = append(r.announcements, &announced{a.Token, a.Bytes, now.Add(ChainTime)})
}

// admit finds the announcement that a token is of.
func (r *resident) admit(token string, now time.Time) (*announced, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range r.announcements {
		if subtle.ConstantTimeCompare([]byte(one.token), []byte(token)) == 1 && !now.After(one.until) {
			return one, nil
		}
	}
	return nil, errUnannounced
}

// retract takes an announcement back, and says whether nothing else is known of the instance: it never was here.
func (r *resident) retract(token string) (unknown bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.announcements = slices.DeleteFunc(r.announcements, func(one *announced) bool { return one.token == token })
	if r.arriving != nil && r.arriving.by.token == token { // and nobody has said that it will not come
		r.arriving.release()
		r.arriving = nil
	}
	return len(r.announcements) == 0 && !r.home && !r.here && !r.prepared && r.arriving == nil && r.epoch == 0
}

// retract takes the announcement of a move back, and returns the instance's functions. Of an instance of which nothing
// else is known, nothing is left.
func (r *residents) retract(id, token string) (functions []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	one := r.all[id]
	if one == nil {
		return nil
	}
	if one.retract(token) {
		delete(r.all, id)
	}
	return one.Functions
}

// handleArrivals takes in what the controller announces.
func (a *Agent) handleArrivals(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodDelete && r.ContentLength == 0 {
		query := r.URL.Query()
		a.retire(a.residents.retract(query.Get("id"), query.Get("token")))
		respond(w, http.StatusNoContent, nil)
		return
	}
	if r.Method != http.MethodPost {
		a.refuse(w, r, http.StatusBadRequest, fmt.Errorf("%s %s: want POST or DELETE", r.Method, pathArrivals))
		return
	}
	var coming Arrival
	if !a.readJSON(w, r, &coming) {
		return
	}
	if err := coming.validate(); err != nil {
		fail(w, http.StatusBadRequest, err)
		return
	}
	if err := a.meets(&coming); err != nil {
		fail(w, http.StatusConflict, err)
		return
	}
	if err := a.residents.announce(&coming, time.Now()); err != nil {
		fail(w, statusOf(err), err)
		return
	}
	respond(w, http.StatusNoContent, nil)
}

// announce enters a move of an instance to here, with the instance where nothing is known of it.
func (r *residents) announce(a *Arrival, now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	one, err := r.entered(a.Stateful, a.Home, false)
	if err == nil {
		one.announce(a, now)
	}
	return err
}

// Announce tells the agent that an instance will come.
func (c *Client) Announce(ctx context.Context, a Arrival) error {
	return c.do(ctx, http.MethodPost, pathArrivals, a, nil, maxAnswer)
}

// Retract takes back what Announce has told: from then on nobody can send the instance here by that token.
func (c *Client) Retract(ctx context.Context, id, token string) error {
	query := url.Values{"id": {id}, "token": {token}}
	return c.do(ctx, http.MethodDelete, pathArrivals+"?"+query.Encode(), nil, nil, maxAnswer)
}

// announcementOf is what the target of a move is told, of an instance as its source has it. Each round of copying
// brings what there is then.
func announcementOf(found *InstanceStatus, order *Move) Arrival {
	rounds := int64(1)
	if order.Method == PreCopy {
		rounds += int64(order.Rounds)
		if order.Rounds == 0 {
			rounds += DefaultRounds
		}
	}
	return Arrival{
		Stateful: found.Stateful, Token: rand.Text(), Home: found.Origin == order.To,
		Bytes: units.Add(moveSlack, units.Mul(found.Bytes, rounds)), Needs: found.Needs,
	}
}
