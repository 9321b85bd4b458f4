package dapr

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"testbed/emulator/faas/keyspace"
)

// item is one key of a request that writes.
type item struct {
	Key      string          `json:"key"`
	Value    json.RawMessage `json:"value"`
	ETag     *string         `json:"etag"`
	Metadata manner          `json:"metadata"`
	Options  struct {
		Concurrency string `json:"concurrency"`
		Consistency string `json:"consistency"` // accepted: a function's own states are always consistent
	} `json:"options"`
}

// checkKey holds a key against what every state store of Dapr takes.
func checkKey(key string) *failure {
	switch {
	case key == "":
		return malformed(`"key" is a required field`)
	case len(key) > keyspace.MaxKey:
		return malformed("key %.64q... has %d bytes; it may have %d", key, len(key), keyspace.MaxKey)
	case strings.Contains(key, "||"):
		return malformed("input key/keyPrefix '%.64s' can't contain '||'", key)
	}
	return nil
}

func (i *item) check() *failure {
	if f := checkKey(i.Key); f != nil {
		return f
	}
	if f := checkOptions(i.Options.Concurrency, i.Options.Consistency); f != nil {
		return f
	}
	return i.Metadata.check()
}

const firstWrite = "first-write"

func checkOptions(concurrency, consistency string) *failure {
	switch concurrency {
	case "", firstWrite, "last-write":
	default:
		return malformed("unrecognized concurrency model '%.64s'", concurrency)
	}
	switch consistency {
	case "", "strong", "eventual":
	default:
		return malformed("unrecognized consistency model '%.64s'", consistency)
	}
	return nil
}

// manner is a request's metadata: how and where to store. Only one entry matters here; the others are looked at and not
// kept, however many there are.
type manner struct {
	ttl   string
	given bool
}

const ttlKey = "ttlInSeconds"

// UnmarshalJSON implements json.Unmarshaler for an object of texts, as Dapr takes it.
func (m *manner) UnmarshalJSON(text []byte) error {
	in := json.NewDecoder(bytes.NewReader(text))
	begins, err := in.Token()
	if err != nil || begins == nil {
		return err
	}
	if begins != json.Delim('{') {
		return fmt.Errorf("metadata: %.64v where an object of texts belongs", begins)
	}
	for in.More() {
		key, err := in.Token()
		if err != nil {
			return err
		}
		value, err := in.Token()
		if err != nil {
			return err
		}
		said, is := value.(string)
		if value != nil && !is {
			return fmt.Errorf("metadata: the value of %.64q is no text", key)
		}
		if key == ttlKey {
			m.ttl, m.given = said, true
		}
	}
	return nil
}

// check accepts all that only says how or where to store, and refuses what would be a promise not kept.
func (m manner) check() *failure {
	ttl := m.ttl
	if !m.given || ttl == "-1" {
		return nil
	}
	if _, err := strconv.Atoi(ttl); err != nil {
		return malformed("incorrect value for metadata 'ttlInSeconds': %.64q", ttl)
	}
	return malformed("ttlInSeconds is %s: this store's keys do not expire; leave it out, or delete the key", ttl)
}

// queryMetadata is the metadata of a request's query parameters.
func queryMetadata(query url.Values) (m manner) {
	if values := query["metadata."+ttlKey]; len(values) > 0 {
		m = manner{values[0], true}
	}
	return m
}

// etag is the expected one; empty: none is.
func (i *item) etag() string {
	if i.ETag == nil {
		return ""
	}
	return *i.ETag
}

// fits checks a key's ETag before a write or a deletion of it. Without one the last write wins, but for first-write,
// which is then for keys that are not there.
func (i *item) fits(s *keyspace.Space) error {
	_, have, found := s.Get(i.Key)
	want := i.etag()
	switch {
	case want == "" && (i.Options.Concurrency != firstWrite || !found):
		return nil
	case want == "":
		return fmt.Errorf("%w: key %.64q exists, and no etag was passed with first-write", errETag, i.Key)
	case !found:
		return fmt.Errorf("%w: key %.64q does not exist, etag %.64q was passed", errETag, i.Key, want)
	case want != have:
		return fmt.Errorf("%w: key %.64q has etag %s, not %.64q", errETag, i.Key, have, want)
	}
	return nil
}

// set writes the key's value, as it stands in the request; a missing one is null.
func (i *item) set(s *keyspace.Space) error {
	if err := i.fits(s); err != nil {
		return err
	}
	if i.Value == nil {
		i.Value = json.RawMessage("null")
	}
	return s.Set(i.Key, i.Value)
}

func (i *item) remove(s *keyspace.Space) error {
	if err := i.fits(s); err != nil {
		return err
	}
	s.Delete(i.Key)
	return nil
}

// body reads a request's JSON into v, and keeps memory for it until give is called.
func (s *Session) body(w http.ResponseWriter, r *http.Request, v any) (give func(), f *failure) {
	tooLong := &failure{http.StatusRequestEntityTooLarge, codeMalformed,
		fmt.Sprintf("the request's body has more than %d bytes, the most that a state may have", s.limit)}
	if r.ContentLength > s.limit {
		w.Header().Set("Connection", "close") // the rest is not read
		return func() {}, tooLong
	}
	conn := http.NewResponseController(w)
	s.reading(conn, true)
	text, give, err := s.read(r)
	s.reading(conn, false)
	if err == nil && int64(len(text)) > s.limit {
		err = errLong
	}
	switch {
	case errors.Is(err, errLong):
		w.Header().Set("Connection", "close")
		return give, tooLong
	case errors.Is(err, errMemory):
		w.Header().Set("Connection", "close")
		return give, &failure{http.StatusRequestEntityTooLarge, codeMalformed, err.Error()}
	case err != nil && s.closed.Load():
		w.Header().Set("Connection", "close")
		return give, &failure{http.StatusConflict, codeNoInvocation, errClosed.Error()}
	case err != nil:
		return give, &failure{http.StatusInternalServerError, codeMalformed, "failed reading HTTP body: " + err.Error()}
	}
	forItems := weight * max(0, elements(text)-few)
	if err := s.take(forItems); err != nil {
		return give, &failure{http.StatusRequestEntityTooLarge, codeMalformed, err.Error()}
	}
	forText := give
	give = func() { s.memory.Give(forItems); forText() }
	if err := json.Unmarshal(text, v); err != nil {
		return give, malformed("failed deserializing HTTP body: %v", err)
	}
	return give, nil
}

var errLong = errors.New("the body is too long")

// A body's buffer begins with firstPart bytes, if it has as many, and becomes growth times as large when it is full.
const (
	firstPart = 4 << 10
	growth    = 4
)

// untilClose reads as long as the session is not closed.
type untilClose struct {
	io.Reader
	session *Session
}

// Read implements io.Reader.
func (u *untilClose) Read(b []byte) (int, error) {
	if u.session.closed.Load() {
		return 0, errClosed
	}
	return u.Reader.Read(b)
}

// read reads a body as it comes, until Close: memory is taken for what has come, not for what is announced. Twice the
// buffer: of the last one while it is moved to a larger one and, where it is decoded, as much again.
func (s *Session) read(r *http.Request) (text []byte, give func(), err error) {
	taken := int64(0)
	give = func() { s.memory.Give(taken) }
	most := s.limit + 1
	if r.ContentLength >= 0 {
		most = min(most, r.ContentLength)
	}
	for size := min(firstPart, most); ; size = min(growth*size, most) {
		if err := s.take(2*size - taken); err != nil {
			return nil, give, err
		}
		taken = 2 * size
		text = append(make([]byte, 0, size), text...)
		at := len(text)
		n, err := io.ReadFull(&untilClose{r.Body, s}, text[at:size])
		text = text[:at+n]
		switch {
		case r.ContentLength < 0 && (err == io.EOF || err == io.ErrUnexpectedEOF):
			return text, give, nil
		case err != nil:
			return nil, give, err
		case size == r.ContentLength:
			return text, give, nil
		case size == most:
			return nil, give, errLong
		}
	}
}
