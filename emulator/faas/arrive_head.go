package faas

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"testbed/emulator/units"
)

// What agents say to one another when an instance moves: POST pathArrive, whose body is an arrivalHead in JSON and then
// the contents of its states, one after the other. headerArrive says how long the head is, by which token the move was
// announced, and of which instance: LENGTH TOKEN ID.
const (
	pathArrive   = "/arrive"
	headerArrive = "X-Testbed-Arrive"
)

// The phases of an arrival.
const (
	phaseOffer = "offer" // it will come: can it?
	phaseCopy  = "copy"  // states, while invocations go on elsewhere
	phaseLast  = "last"  // the rest, and which of all that has come are to be kept
	phaseAbort = "abort" // it will not come
)

type arrivalHead struct {
	Phase  string        `json:"phase"`
	Epoch  int64         `json:"epoch"`           // that it will have here
	From   Elsewhere     `json:"from"`            // with the epoch that it has there
	Rooms  arrivalRooms  `json:"rooms,omitempty"` // with an offer
	States arrivalStates `json:"states,omitempty"`
	Keep   arrivalKeys   `json:"keep,omitempty"`
	Calls  arrivalCalls  `json:"calls,omitempty"`

	bytes int64 // of it as it was sent
	text  *blob // as it came
}

type arrivalState struct {
	Key     string `json:"key"` // without a suffix
	Version int64  `json:"version"`
	Sum     uint32 `json:"sum"`
	Bytes   int64  `json:"bytes"`
}

// contents is the bytes of all states.
func (h *arrivalHead) contents() (sum int64) {
	for _, s := range h.States {
		sum = units.Add(sum, s.Bytes)
	}
	return sum
}

// room is the bytes of all states for which there is to be room.
func (h *arrivalHead) room() (sum int64) {
	for _, n := range h.Rooms {
		sum = units.Add(sum, n)
	}
	return sum
}

func (h *arrivalHead) validate() error {
	if h.Epoch <= h.From.Epoch || h.Epoch > maxEpoch {
		return fmt.Errorf("epoch %d after %d", h.Epoch, h.From.Epoch)
	}
	return checkAddress(h.From.Address)
}

func (s *arrivalState) validate() error {
	if s.Bytes < 0 || s.Bytes > maxBody || s.Version < 0 {
		return fmt.Errorf("state %.150q has %d bytes and version %d", s.Key, s.Bytes, s.Version)
	}
	return checkStateKey(s.Key)
}

// The lists of a head are held against their bounds while they are read, so that no short text becomes many items.
type (
	arrivalStates []arrivalState
	arrivalKeys   []string
	arrivalCalls  []callDone
)

// UnmarshalJSON implements json.Unmarshaler.
func (l *arrivalStates) UnmarshalJSON(text []byte) error {
	return readList(text, (*[]arrivalState)(l), (*arrivalState).validate)
}

// UnmarshalJSON implements json.Unmarshaler.
func (l *arrivalKeys) UnmarshalJSON(text []byte) error {
	return readList(text, (*[]string)(l), func(key *string) error { return checkStateKey(*key) })
}

// UnmarshalJSON implements json.Unmarshaler.
func (l *arrivalCalls) UnmarshalJSON(text []byte) error {
	return readList(text, (*[]callDone)(l), (*callDone).validate)
}

// readList reads a list of at most maxHeld items, each of which is examined before the next is read.
func readList[T any](text []byte, into *[]T, check func(*T) error) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if start, err := d.Token(); err != nil || start != json.Delim('[') {
		return errors.Join(err, errors.New("want a list"))
	}
	for d.More() {
		if len(*into) == maxHeld {
			return fmt.Errorf("more than %d items: %w", maxHeld, errTooLarge)
		}
		var one T
		if err := d.Decode(&one); err != nil {
			return err
		}
		if err := check(&one); err != nil {
			return err
		}
		*into = append(*into, one)
	}
	return nil
}

// parseArrive reads the header of an arrival.
func parseArrive(r *http.Request) (length int64, token, id string, err error) {
	fields := strings.Fields(r.Header.Get(headerArrive))
	if len(fields) != 3 {
		return 0, "", "", fmt.Errorf("header %s: want a length, a token and an instance", headerArrive)
	}
	var n numbers
	length = n.size(fields[0])
	if n.err != nil || length > maxSpec || length > r.ContentLength {
		return 0, "", "", fmt.Errorf("header %s: want a length within that of the body", headerArrive)
	}
	return length, fields[1], fields[2], nil
}

// readArrival reads a head of n bytes within the budget, and holds it against the length of the whole and most, the
// bytes that were announced. The caller releases its text.
func (a *Agent) readArrival(r *http.Request, body io.Reader, n, most int64) (*arrivalHead, error) {
	text, err := a.pools.receive(r.Context(), body, 0, n, nil)
	if err != nil {
		return nil, err
	}
	head := &arrivalHead{text: text}
	if err = json.Unmarshal(text.data, head); err == nil {
		err = head.validate()
	}
	sum := head.contents()
	if all := max(sum, head.room()); err == nil && all > most {
		err = fmt.Errorf("%d bytes of states, and %d were announced: %w", all, most, errTooLarge)
	} else if want := units.Add(n, sum); err == nil && want != r.ContentLength {
		err = fmt.Errorf("the body has %d bytes, not %d", r.ContentLength, want)
	}
	if err != nil {
		text.release()
		return nil, err
	}
	return head, nil
}
