package dapr

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"testbed/emulator/faas/keyspace"
)

// memory counts what is taken, of so much that there is; 0: any.
type memory struct{ has, taken int64 }

func (m *memory) Take(n int64) error {
	if m.has > 0 && m.taken+n > m.has {
		return errors.New("the node's memory is full")
	}
	m.taken += n
	return nil
}

func (m *memory) Give(n int64) { m.taken -= n }

// bed is a session of three states with what asks it.
type bed struct {
	session *Session
	handler http.Handler
	memory  memory
}

func newBed(limit int64) *bed {
	b := &bed{}
	stores := make([]Store, 3)
	for i := range stores {
		stores[i] = Store{[]string{StoreName(i)}, keyspace.New(limit)}
	}
	stores[2].Names = append(stores[2].Names, "profile")
	b.session = NewSession(stores, limit, &b.memory)
	b.handler = Handler("f", func(*http.Request) (*Session, error) { return b.session, nil })
	return b
}

// ask sends a request, "METHOD PATH", and returns status, ETag and body.
func (b *bed) ask(what, body string, header ...string) (status int, etag, text string) {
	method, path, _ := strings.Cut(what, " ")
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	return w.Code, w.Header().Get("ETag"), w.Body.String()
}

// exchange is a request with what must be answered: a status, and either the whole body or, of an error, its code and a
// part of its message.
type exchange struct {
	ask, body, ifMatch string
	status             int
	etag, text, code   string
}

func (b *bed) hold(t *testing.T, all []exchange) {
	t.Helper()
	for i, x := range all {
		var header []string
		if x.ifMatch != "" {
			header = []string{"If-Match", x.ifMatch}
		}
		status, etag, text := b.ask(x.ask, x.body, header...)
		var told struct{ ErrorCode, Message string }
		if x.code != "" {
			if err := json.Unmarshal([]byte(text), &told); err != nil {
				t.Errorf("%d: %s: %v", i, x.ask, err)
			}
			text = told.Message
		}
		same := text == x.text || x.code != "" && strings.Contains(text, x.text)
		if status != x.status || etag != x.etag || told.ErrorCode != x.code || !same {
			t.Errorf("%d: %s %s\nhave %d %q %s %q\nwant %d %q %s %q", i, x.ask, x.body,
				status, etag, told.ErrorCode, text, x.status, x.etag, x.code, x.text)
		}
	}
}

const (
	state  = "/v1.0/state/statestore"
	second = "/v1.0/state/statestore-2"
)

func TestSaveAndGet(t *testing.T) {
	newBed(0).hold(t, []exchange{
		{ask: "GET " + state + "/k", status: 204},
		{ask: "POST " + state, body: `[]`, status: 204},
		{ask: "POST " + state, body: `[{"key":"k","value":{"b": 1.10,  "a":[null]}}]`, status: 204},
		{ask: "GET " + state + "/k", status: 200, etag: "1", text: `{"b": 1.10,  "a":[null]}`},
		{ask: "GET " + state + "/k?consistency=strong&metadata.partitionKey=p", status: 200, etag: "1",
			text: `{"b": 1.10,  "a":[null]}`},
		{ask: "GET " + second + "/k", status: 204},
		{ask: "PUT " + state, body: `[{"key":"k","value":"<text>"},{"key":"n/ü","value":12345678901234567890}]`, status: 204},
		{ask: "GET " + state + "/k", status: 200, etag: "2", text: `"<text>"`},
		{ask: "GET " + state + "/n%2F%C3%BC", status: 200, etag: "3", text: `12345678901234567890`},
		{ask: "POST " + state, body: `[{"key":"none"}]`, status: 204},
		{ask: "GET " + state + "/none", status: 200, etag: "4", text: `null`},
		{ask: "POST /v1.0/state/profile", body: `[{"key":"k","value":1}]`, status: 204},
		{ask: "GET /v1.0/state/statestore-3/k", status: 200, etag: "1", text: `1`},
	})
}

func TestETags(t *testing.T) {
	const mismatch = "possible etag mismatch. error from state store"
	newBed(0).hold(t, []exchange{
		{ask: "POST " + state, body: `[{"key":"k","value":1,"options":{"concurrency":"first-write"}}]`, status: 204},
		{ask: "POST " + state, body: `[{"key":"k","value":2,"options":{"concurrency":"first-write"}}]`, status: 409,
			code: codeSave, text: mismatch},
		{ask: "POST " + state, body: `[{"key":"k","value":2,"etag":"7"}]`, status: 409, code: codeSave, text: mismatch},
		{ask: "POST " + state, body: `[{"key":"l","value":2,"etag":"1"}]`, status: 409, code: codeSave, text: mismatch},
		{ask: "GET " + state + "/k", status: 200, etag: "1", text: `1`},
		{ask: "POST " + state, body: `[{"key":"k","value":2,"etag":"1","options":{"consistency":"eventual"}}]`, status: 204},
		{ask: "POST " + state, body: `[{"key":"k","value":3,"etag":""}]`, status: 204},
		{ask: "POST " + state, body: `[{"key":"k","value":4,"options":{"concurrency":"last-write"}}]`, status: 204},
		{ask: "GET " + state + "/k", status: 200, etag: "4", text: `4`},
		{ask: "POST " + state, body: `[{"key":"m","value":1},{"key":"k","value":5,"etag":"1"}]`, status: 409,
			code: codeSave, text: mismatch},
		{ask: "GET " + state + "/m", status: 204}, // all of it or nothing
		{ask: "DELETE " + state + "/k", ifMatch: "3", status: 409, code: codeDelete, text: mismatch},
		{ask: "DELETE " + state + "/nowhere", ifMatch: "3", status: 409, code: codeDelete, text: mismatch},
		{ask: "DELETE " + state + "/k?concurrency=first-write", status: 409, code: codeDelete, text: mismatch},
		{ask: "DELETE " + state + "/k?concurrency=first-write&consistency=strong", ifMatch: "4", status: 204},
		{ask: "GET " + state + "/k", status: 204},
		{ask: "DELETE " + state + "/k", status: 204},
	})
}

func TestBulk(t *testing.T) {
	newBed(0).hold(t, []exchange{
		{ask: "POST " + state, body: `[{"key":"a","value":"1"},{"key":"b","value":{"x":[1, 2]}}]`, status: 204},
		{ask: "POST " + state + "/bulk", body: `{"keys":["b","nowhere","a"],"parallelism":10}`, status: 200,
			text: `[{"key":"b","data":{"x":[1, 2]},"etag":"2"},{"key":"nowhere"},{"key":"a","data":"1","etag":"1"}]`},
		{ask: "PUT " + state + "/bulk?metadata.partitionKey=p", body: `{"keys":[]}`, status: 200, text: `[]`},
		{ask: "POST " + state + "/bulk", body: `{"keys":["a","b||c"]}`, status: 400, code: codeMalformed, text: "'||'"},
		{ask: "POST " + state + "/bulk", body: `["a"]`, status: 400, code: codeMalformed, text: "deserializing"},
		{ask: "POST " + state, body: `[{"key":"bulk","value":1}]`, status: 204},
		{ask: "GET " + state + "/bulk", status: 200, etag: "3", text: `1`}, // a key like others
	})
}

func TestTransaction(t *testing.T) {
	const path = "POST " + state + "/transaction"
	newBed(0).hold(t, []exchange{
		{ask: path, body: `{"operations":[{"operation":"upsert","request":{"key":"a","value":1}},
			{"operation":"upsert","request":{"key":"b","value":2}},{"operation":"delete","request":{"key":"a"}}],
			"metadata":{"partitionKey":"p"}}`, status: 204},
		{ask: "GET " + state + "/a", status: 204},
		{ask: "GET " + state + "/b", status: 200, etag: "2", text: `2`},
		{ask: path, body: `{"operations":[{"operation":"upsert","request":{"key":"c","value":1}},
			{"operation":"delete","request":{"key":"b","etag":"7"}}]}`, status: 500, code: codeTransaction,
			text: "possible etag mismatch"},
		{ask: "GET " + state + "/c", status: 204},
		{ask: path, body: `{"operations":[{"operation":"upsert","request":{"key":"b","value":3,"etag":"2"}}]}`, status: 204},
		{ask: "PUT " + state + "/transaction", body: `{}`, status: 204},
		{ask: path, body: `{"operations":[{"operation":"get","request":{"key":"b"}}]}`, status: 400, code: codeOperation,
			text: "operation type get not supported"},
		{ask: path, body: `{"operations":[{"operation":"upsert","request":{"value":1}}]}`, status: 400, code: codeMalformed,
			text: `"key" is a required field`},
		{ask: path, body: `{"operations":[],"metadata":{"ttlInSeconds":"5"}}`, status: 400, code: codeMalformed,
			text: "do not expire"},
		{ask: "GET " + state + "/b", status: 200, etag: "4", text: `3`},
	})
}

func TestRefusals(t *testing.T) {
	long := strings.Repeat("k", keyspace.MaxKey+1)
	newBed(0).hold(t, []exchange{
		{ask: "GET /v1.0/state/other/k", status: 400, code: codeNotFound, text: "statestore-2, statestore-3, profile"},
		{ask: "POST /v1.0/state/other", body: `[{"key":"k"}]`, status: 400, code: codeNotFound},
		{ask: "POST " + state, body: `{"key":"k"}`, status: 400, code: codeMalformed, text: "deserializing"},
		{ask: "POST " + state, body: `[{"key":"k"`, status: 400, code: codeMalformed, text: "deserializing"},
		{ask: "POST " + state, body: `[{"key":"k","etag":{"value":"1"}}]`, status: 400, code: codeMalformed},
		{ask: "POST " + state, body: `[{"value":1}]`, status: 400, code: codeMalformed, text: "required"},
		{ask: "POST " + state, body: `[{"key":"a||b"}]`, status: 400, code: codeMalformed, text: "'||'"},
		{ask: "POST " + state, body: `[{"key":"` + long + `"}]`, status: 400, code: codeMalformed, text: "513 bytes"},
		{ask: "POST " + state, body: `[{"key":"k","options":{"concurrency":"x"}}]`, status: 400, code: codeMalformed,
			text: "concurrency model 'x'"},
		{ask: "POST " + state, body: `[{"key":"k","options":{"consistency":"x"}}]`, status: 400, code: codeMalformed,
			text: "consistency model 'x'"},
		{ask: "POST " + state, body: `[{"key":"k","metadata":{"ttlInSeconds":"60"}}]`, status: 400, code: codeMalformed,
			text: "do not expire"},
		{ask: "POST " + state + "?metadata.ttlInSeconds=x", body: `[{"key":"k"}]`, status: 400, code: codeMalformed,
			text: "incorrect value"},
		{ask: "POST " + state + "?metadata.ttlInSeconds=-1", body: `[{"key":"k"}]`, status: 204},
		{ask: "PATCH " + state + "/k", status: 405, code: codeMalformed, text: "GET or DELETE"},
		{ask: "GET " + state, status: 405, code: codeMalformed, text: "POST or PUT"},
		{ask: "GET " + state + "/a/b", status: 404, code: "ERR_NOT_FOUND"},
		{ask: "GET " + state + "/", status: 400, code: codeMalformed, text: "required"},
		{ask: "POST /v1.0-alpha1/state/statestore/query", body: `{}`, status: 500, code: codeQuery},
		{ask: "POST /v1.0/publish/a/b", status: 404, code: "ERR_NOT_FOUND", text: "of Dapr's API there is state"},
		{ask: "GET " + state + "/k", status: 200, etag: "1", text: "null"},
	})
}

func TestHealthAndMetadata(t *testing.T) {
	b := newBed(0)
	b.hold(t, []exchange{
		{ask: "GET /v1.0/healthz", status: 204},
		{ask: "HEAD /v1.0/healthz/outbound", status: 204},
		{ask: "POST /v1.0/healthz", status: 405, code: codeMalformed},
	})
	if status, _, text := b.ask("GET /v1.0/metadata", ""); status != 200 || !strings.Contains(text, `"name":"profile"`) ||
		!strings.Contains(text, `"id":"f"`) {
		t.Errorf("metadata: %d %s", status, text)
	}
	b.handler = Handler("f", func(*http.Request) (*Session, error) { return nil, errors.New("send traceparent on") })
	b.hold(t, []exchange{
		{ask: "GET /v1.0/metadata", status: 200, text: `{"components":[],"id":"f","runtimeVersion":"testbed"}`},
		{ask: "GET " + state + "/k", status: 409, code: codeNoInvocation, text: "send traceparent on"},
	})
}

// A function without states is told so, and one that has answered can write no more.
func TestNoSession(t *testing.T) {
	b := newBed(0)
	none := NewSession(nil, 0, &b.memory)
	if f := none.with("statestore", nil); f.status != 500 || f.code != codeNone {
		t.Errorf("without a state: %+v", f)
	}
	b.hold(t, []exchange{{ask: "POST " + second, body: `[{"key":"k","value":1}]`, status: 204}})
	spaces := b.session.Close()
	if value, _, _ := spaces[1].Get("k"); string(value) != "1" || len(spaces) != 3 {
		t.Errorf("%d spaces, k is %s", len(spaces), value)
	}
	b.hold(t, []exchange{
		{ask: "POST " + second, body: `[{"key":"k","value":2}]`, status: 409, code: codeNoInvocation, text: "is over"},
		{ask: "GET " + second + "/k", status: 409, code: codeNoInvocation, text: "is over"},
	})
	if value, _, _ := spaces[1].Get("k"); string(value) != "1" {
		t.Errorf("written to %s when it was over", value)
	}
}

// endless is a body that says nothing of its length and has no end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestLimits(t *testing.T) {
	b := newBed(1000)
	value := `"` + strings.Repeat("x", 600) + `"`
	b.hold(t, []exchange{
		{ask: "POST " + state, body: `[{"key":"a","value":` + value + `}]`, status: 204},
		{ask: "POST " + state, body: `[{"key":"b","value":` + value + `}]`, status: 413, code: codeSave, text: "full"},
		{ask: "POST " + state + "/transaction", body: `{"operations":[{"operation":"delete","request":{"key":"a"}},
			{"operation":"upsert","request":{"key":"b","value":` + value + `}}]}`, status: 204},
		{ask: "POST " + state, body: strings.Repeat(" ", 1001+headroom), status: 413, code: codeMalformed},
		{ask: "GET " + state + "/a", status: 204},
	})
	r := httptest.NewRequest("POST", state, io.NopCloser(endless{}))
	r.ContentLength = -1
	w := httptest.NewRecorder()
	if b.handler.ServeHTTP(w, r); w.Code != 413 {
		t.Errorf("a body without an end: %d", w.Code)
	}
	size := b.session.stores[0].Space.Size()
	if b.memory.taken < size || b.memory.taken > 2*size {
		t.Errorf("%d bytes are in use for a state of %d", b.memory.taken, size)
	}
	b.session.Close()
	if b.session.Free(); b.memory.taken != 0 {
		t.Errorf("%d bytes are in use in the end", b.memory.taken)
	}
	b = newBed(0)
	b.memory.has = 1000
	b.hold(t, []exchange{
		{ask: "POST " + state, body: `[{"key":"a","value":1}]`, status: 204},
		{ask: "POST " + state, body: `[{"key":"b","value":` + value + `}]`, status: 413, code: codeMalformed,
			text: "is full"},
		{ask: "GET " + state + "/b", status: 204},
	})
	// What is small as text and large when it is decoded.
	b = newBed(0)
	b.memory.has = 4 << 20
	many := strings.Repeat("0,", 200_000)
	b.hold(t, []exchange{
		{ask: "POST " + state, body: "[" + many + "0]", status: 413, code: codeMalformed, text: "memory"},
		{ask: "POST " + state + "/transaction", body: `{"operations":[` + many + "0]}", status: 413, code: codeMalformed,
			text: "memory"},
		{ask: "POST " + state, body: `[{"key":"a","value":[` + many + "0]}]", status: 204},
	})
}

// Memory is counted for what there is, and not for what it takes up in a blob or a request: keys without end, copies of
// all of them, and what only says how to store.
func TestMemoryOfManyKeys(t *testing.T) {
	b := newBed(0)
	for round := range 4 {
		var body strings.Builder
		for i := range 1000 {
			fmt.Fprintf(&body, `,{"key":"%d-%d","value":1}`, round, i)
		}
		if status, _, text := b.ask("POST "+state, "["+body.String()[1:]+"]"); status != 204 {
			t.Fatal(status, text)
		}
		if want := b.session.stores[0].Space.Memory(); b.memory.taken != want || want < 1000*keyspace.KeyBytes {
			t.Fatalf("%d bytes are in use for spaces that take %d", b.memory.taken, want)
		}
	}
	before := b.memory.taken
	b.memory.has = before + 3000*keyspace.KeyBytes // two keys would fit, but not while all others are there twice
	b.hold(t, []exchange{
		{ask: "POST " + state, body: `[{"key":"x","value":1}]`, status: 204},
		{ask: "POST " + state, body: `[{"key":"y","value":1},{"key":"z","value":1}]`, status: 413, code: codeSave,
			text: "memory"},
		{ask: "DELETE " + state + "/x", status: 204},
	})
	if b.memory.taken != before {
		t.Errorf("%d bytes are in use, and %d were before", b.memory.taken, before)
	}
	space := b.session.Close()[0]
	if b.memory.taken != space.Overhead() {
		t.Errorf("%d bytes are in use until the spaces are not used any more; they take %d", b.memory.taken, space.Overhead())
	}
	if b.session.Free(); b.memory.taken != 0 {
		t.Errorf("%d bytes are in use in the end", b.memory.taken)
	}
}

// What an item's metadata says beside what matters is not kept, at whatever depth the item is.
func TestMetadataIsNotKept(t *testing.T) {
	var said strings.Builder
	for i := range 200_000 {
		fmt.Fprintf(&said, `"a%06d":"",`, i)
	}
	for text, want := range map[string]string{
		`null`: "", `{}`: "", `{"a":null}`: "", `{"ttlInSeconds":"5"}`: "do not expire", `{"ttlInSeconds":"-1"}`: "",
		`{"a":1}`: "is no text", `{"a":{}}`: "is no text", `[]`: "an object of texts", `"a"`: "an object of texts",
		`{"ttlInSeconds":"-1","ttlInSeconds":"5"}`: "do not expire", `{"b":"x","ttlInSeconds":"y"}`: "incorrect value",
		`{` + said.String() + `"ttlInSeconds":"5"}`: "do not expire",
	} {
		for _, request := range []string{`POST ` + state + `/transaction {"operations":[{"operation":"upsert","request":` +
			`{"key":"k","value":1,"metadata":%s}}]}`, `POST ` + state + ` [{"key":"k","value":1,"metadata":%s}]`,
			`POST ` + state + `/bulk {"keys":[],"metadata":%s}`} {
			parts := strings.SplitN(request, " ", 3)
			b := newBed(8 << 20)
			status, _, answer := b.ask(parts[0]+" "+parts[1], fmt.Sprintf(parts[2], text))
			if ok := status == 204 || status == 200; ok != (want == "") || !ok && (status != 400 ||
				!strings.Contains(answer, want)) {
				t.Errorf("%s with %.60s: %d %s, want %q", parts[1], text, status, answer, want)
			}
		}
	}
	var items []item
	var before, after runtime.MemStats
	text := []byte(`[{"key":"k","metadata":{` + said.String() + `"z":""}}]`)
	runtime.GC()
	runtime.ReadMemStats(&before)
	if err := json.Unmarshal(text, &items); err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if n := int64(after.HeapAlloc) - int64(before.HeapAlloc); n > 64<<10 {
		t.Errorf("%d bytes are kept of what is not looked at", n)
	}
	runtime.KeepAlive(items)
	runtime.KeepAlive(text)
}

// Whatever a function sends, the answer is one of the API's, states stay what they are or what they may become, and no
// memory is left behind.
func FuzzHandler(f *testing.F) {
	f.Add("POST", "/v1.0/state/statestore", `[{"key":"a","value":{"x":1},"etag":"1"}]`)
	f.Add("POST", "/v1.0/state/statestore/bulk", `{"keys":["a"],"parallelism":1}`)
	f.Add("POST", "/v1.0/state/statestore/transaction", `{"operations":[{"operation":"delete","request":{"key":"a"}}]}`)
	f.Add("GET", "/v1.0/state/statestore/a%2Fb?consistency=strong", "")
	f.Add("DELETE", "/v1.0/state/profile/a", "")
	f.Add("PUT", "/v1.0/metadata/x", "y")
	f.Fuzz(func(t *testing.T, method, path, body string) {
		r, err := http.NewRequest(method, "http://f"+path, strings.NewReader(body))
		if err != nil {
			return
		}
		b := newBed(4000)
		b.ask("POST "+state, `[{"key":"a","value":1}]`)
		w := httptest.NewRecorder()
		b.handler.ServeHTTP(w, r)
		switch w.Code {
		case 200, 204, 400, 404, 405, 409, 413, 500:
		default:
			t.Fatalf("%s %s: %d", method, path, w.Code)
		}
		if text := w.Body.Bytes(); len(text) > 0 && !json.Valid(text) {
			t.Fatalf("%s %s: %q is no JSON", method, path, text)
		}
		for _, space := range b.session.Close() {
			blob := make([]byte, space.Size())
			space.Encode(blob)
			if again, err := keyspace.Decode(blob, 4000); err != nil || again.Digest() != space.Digest() {
				t.Fatalf("%s %s: the state is %x: %v", method, path, blob, err)
			}
		}
		if b.session.Free(); b.memory.taken != 0 {
			t.Fatalf("%d bytes are in use in the end", b.memory.taken)
		}
	})
}
