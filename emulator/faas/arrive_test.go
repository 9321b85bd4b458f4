package faas

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/topology"
)

// sender sends arrivals to an agent as another agent would, by what it knows.
type sender struct {
	to    *Agent
	token string
	id    string
}

func (s sender) say(head *arrivalHead, body string) error {
	text, err := json.Marshal(head)
	if err != nil {
		return err
	}
	return s.send(string(text), body)
}

func (s sender) send(text, body string) error {
	m := message{method: http.MethodPost, path: pathArrive, body: [][]byte{[]byte(text), []byte(body)}, fresh: true,
		header: fmt.Appendf(nil, "%s: %d %s %s\r\n", headerArrive, len(text), s.token, s.id)}
	p := newPeers(newPunctuality(newClock()))
	defer p.close()
	return p.do(context.Background(), s.to.Addr().String(), &m, func(*http.Response) error { return nil })
}

func comingOne(id string) Arrival {
	return Arrival{
		Stateful: Stateful{ID: id, Origin: 1, Client: 0, Functions: []string{"f"}},
		Token:    "token-of-sixteen-or-more", Bytes: 100,
	}
}

func offered(epoch int64) *arrivalHead { return &arrivalHead{Phase: phaseOffer, Epoch: epoch} }

// An agent takes of instances only what the controller has announced, and no more of it: whoever else sends is told so,
// and nothing is left of it.
func TestOnlyAnnouncedInstancesArrive(t *testing.T) {
	a, control := agentWith(t, Config{}, nil)
	one := comingOne("run/in-function/instance/1")
	state := func(bytes int) *arrivalHead {
		content := strings.Repeat("x", bytes)
		return &arrivalHead{Phase: phaseCopy, Epoch: 7,
			States: arrivalStates{{"run/in-function/0/0", 1, checksum([]byte(content)), int64(bytes)}}}
	}
	stranger := sender{a, "token-of-somebody-else", one.ID}
	known := sender{a, one.Token, one.ID}
	refused := func(name, want string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	refused("nothing is announced", "has not announced", known.say(offered(7), ""))
	if err := control.Announce(t.Context(), one); err != nil {
		t.Fatal(err)
	}
	refused("another's token", "has not announced", stranger.say(offered(7), ""))
	refused("another's instance", "has not announced", sender{a, one.Token, one.ID + "0"}.say(offered(7), ""))
	refused("not offered", "not offered", known.say(state(1), "x"))
	if err := known.say(offered(7), ""); err != nil {
		t.Fatal(err)
	}
	refused("another's copy", "has not announced", stranger.say(state(1), "x"))
	refused("more bytes", "100 were announced", known.say(state(101), strings.Repeat("x", 101)))
	refused("no phase", "no such phase", known.say(&arrivalHead{Phase: "forget", Epoch: 7}, ""))
	refused("too late an epoch", "epoch", known.say(offered(maxEpoch+1), ""))
	for range 3 { // each in the place of the one before
		if err := known.say(state(60), strings.Repeat("x", 60)); err != nil {
			t.Fatal(err)
		}
		more := state(41)
		more.States[0].Key = "run/in-function/1/0"
		refused("more bytes by and by", "100 in all were announced", known.say(more, strings.Repeat("x", 41)))
	}
	if s := a.Stats(); s.Bytes <= 60 {
		t.Errorf("%d bytes are in use: the state and what has said which it is", s.Bytes)
	}
	if err := control.Retract(t.Context(), one.ID, one.Token); err != nil {
		t.Fatal(err)
	}
	refused("taken back", "has not announced", known.say(state(1), "x"))
	testenv.Eventually(t, "nothing being held", func() bool { return a.Stats().Bytes == 0 })
	if all, err := control.Instances(t.Context()); err != nil || len(all) > 0 {
		t.Errorf("%+v, %v: want no instance, for none has come", all, err)
	}
}

// What a head announces by few bytes takes no more memory than it has text.
func TestHeadsAreBounded(t *testing.T) {
	a, control := agentWith(t, Config{Memory: 8 * mebibyte}, func(l *limits) { l.wait = time.Millisecond })
	one := comingOne("run/in-function/instance/1")
	if err := control.Announce(t.Context(), one); err != nil {
		t.Fatal(err)
	}
	known := sender{a, one.Token, one.ID}
	if err := known.say(offered(7), ""); err != nil {
		t.Fatal(err)
	}
	begin, item := `{"phase":"last","epoch":7,"states":[`, `{"key":"a/0","bytes":0,"version":0},`
	many := func(key, item string, n int) string {
		return fmt.Sprintf(`{"phase":"last","epoch":7,"%s":[%s%s]}`, key, strings.Repeat(item+",", n), item)
	}
	for name, text := range map[string]string{
		"nothing as states": many("states", "{}", 1<<20),
		"states":            many("states", strings.TrimSuffix(item, ","), maxHeld),
		"keys":              many("keep", `"a/0"`, maxHeld),
		"calls":             many("calls", `{"key":"a/0"}`, maxHeld),
		"rooms":             many("rooms", "1", maxHeld),
		"moments":           many("calls", `{"key":"a/0","times":[0`+strings.Repeat(",0", maxMoments)+`]}`, 0),
		"no list":           `{"phase":"last","epoch":7,"states":{}}`,
		"without an end":    begin + strings.Repeat(item, 1000),
		"deep":              begin + strings.Repeat("[", 100_000),
	} {
		_, before := taken()
		if err := known.send(text, ""); err == nil {
			t.Errorf("%s: accepted", name)
		}
		if _, after := taken(); after-before > 128<<20 {
			t.Errorf("%s: %d MB were allocated for %d kB", name, (after-before)>>20, len(text)>>10)
		}
		testenv.Eventually(t, name+": nothing being held", func() bool { return a.Stats().Bytes == 0 })
	}
}

// Announcements of an instance are bounded, and forgotten in time.
func TestAnnouncementsAreForgotten(t *testing.T) {
	all := newResidents(nil)
	begin := time.Now()
	for i := range 2 * maxAnnounced {
		one := comingOne("i")
		one.Token += fmt.Sprint(i)
		if err := all.announce(&one, begin); err != nil {
			t.Fatal(err)
		}
	}
	r, err := all.find("i")
	if err != nil || len(r.announcements) != maxAnnounced {
		t.Fatalf("%d announcements, %v", len(r.announcements), err)
	}
	last := comingOne("i").Token + fmt.Sprint(2*maxAnnounced-1)
	if _, err := r.admit(last, begin.Add(ChainTime)); err != nil {
		t.Error(err)
	}
	if _, err := r.admit(last, begin.Add(ChainTime+1)); err == nil {
		t.Error("it is admitted when it is over")
	}
	if _, err := r.admit(comingOne("i").Token+"0", begin); err == nil {
		t.Error("the oldest of too many is known")
	}
	one := comingOne("i")
	if err := all.announce(&one, begin.Add(ChainTime+1)); err != nil || len(r.announcements) != 1 {
		t.Errorf("%d announcements, %v", len(r.announcements), err)
	}
}

// The invocations that an agent remembers are bounded; those of chains that must have ended make room.
func TestRememberedCallsAreBounded(t *testing.T) {
	all := newResidents(nil)
	for i := range 2 {
		if err := all.declare(Stateful{ID: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	first, _ := all.find("0")
	second, _ := all.find("1")
	fillCalls := func(from, to int, at int64) error {
		for i := from; i < to; i++ {
			if err := first.calls.add(fmt.Sprintf("k/%d", i), &onceCall{at: at, cancel: func(error) {}}); err != nil {
				return err
			}
		}
		return nil
	}
	if err := fillCalls(0, maxRemembered-2, 10); err != nil {
		t.Fatal(err)
	}
	if err := fillCalls(maxRemembered-2, maxRemembered, 0); err != nil { // under way
		t.Fatal(err)
	}
	for _, one := range []*resident{first, second} {
		if err := one.calls.add("new", &onceCall{}); err == nil || statusOf(err) != http.StatusServiceUnavailable {
			t.Errorf("one more: %v", err)
		}
	}
	if all.expire(10); all.calls.Load() != maxRemembered {
		t.Errorf("%d calls: none has ended before 10", all.calls.Load())
	}
	if all.expire(11); all.calls.Load() != maxRemembered {
		t.Error("they are looked for again at once")
	}
	if all.expire(10 + expirePause); all.calls.Load() != 2 {
		t.Errorf("%d calls, want the two under way", all.calls.Load())
	}
	first.drop("k/")
	if err := second.calls.remember([]callDone{{Key: "k/0"}, {Key: "k/0"}, {Key: "k/1"}}, 1); err != nil {
		t.Fatal(err)
	}
	if n := all.calls.Load(); n != 2 {
		t.Errorf("%d calls, want 2", n)
	}
	if second.end(); all.calls.Load() != 0 {
		t.Errorf("%d calls when all are gone", all.calls.Load())
	}
}

// An instance that is prepared serves who was sent by the agent that it has left, and nobody who guesses.
func TestTargetServesOnlyWhoWasSent(t *testing.T) {
	c := newCluster(t, Allotted)
	m := newMovingLoad(t, c, "run/in-function", 6)
	one := m.instances[0]
	to := topology.ID(3)
	order := Move{ID: one.ID, To: to, Address: m.addr(to).String(), Method: StopAndCopy}
	_, done, err := MoveAt(t.Context(), m.client, func(id topology.ID) string { return m.addr(id).String() },
		one.Origin, order)
	if err != nil || done.Undone != "" {
		t.Fatalf("%+v, %v", done, err)
	}
	r, err := c.agents[to].residents.find(one.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, epoch := range []int64{0, 1, 2, r.epoch - 1, r.epoch + 1} { // whoever guesses
		call := fmt.Sprintf("%s: 1 k 0 0 0 0 0\r\n%s: %d %s\r\n", headerCall, headerSeat, epoch, one.ID)
		msg := message{method: http.MethodPost, path: "/function/f", header: []byte(call), fresh: true}
		err := c.agents[0].peers.do(t.Context(), m.addr(to).String(), &msg, func(*http.Response) error { return nil })
		if movedOf(err) == nil || r.here {
			t.Errorf("epoch %d: %v, here %v; want to be sent back", epoch, err, r.here)
		}
	}
	if r.epoch < 1<<20 {
		t.Errorf("epoch %d can be guessed", r.epoch)
	}
	if err := m.once(t.Context(), *m.specs[0], m.run+"/after"); err != nil {
		t.Error(err)
	}
}

func FuzzArrivalHead(f *testing.F) {
	f.Add([]byte(`{"phase":"last","epoch":2,"from":{"node":1,"address":"10.0.0.1:8080","epoch":1},"keep":["a/0"],` +
		`"states":[{"key":"a/0","version":1,"sum":2,"bytes":3}],"calls":[{"key":"a/0","times":[1,2,3],"retries":[1]}]}`))
	f.Add([]byte(`{"states":null,"epoch":1}`))
	f.Add([]byte(`{"phase":"offer","epoch":2,"from":{"address":"10.0.0.1:8080"},"rooms":[1,300000,1099511627776]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		head := &arrivalHead{}
		if json.Unmarshal(text, head) != nil || head.validate() != nil {
			return
		}
		if len(head.States) > maxHeld || len(head.Rooms) > maxRoom || min(head.contents(), head.room()) < 0 ||
			head.Epoch <= head.From.Epoch {
			t.Errorf("%+v", head)
		}
		for _, s := range head.States {
			if s.validate() != nil {
				t.Errorf("state %+v", s)
			}
		}
	})
}
