package dapr

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"testbed/emulator/faas/keyspace"
)

// Handler answers what a function's instance asks of its Dapr: its states, and whether anybody is there. find gives the
// invocation that a request belongs to; its error says what the function has to do that it is known.
func Handler(function string, find func(*http.Request) (*Session, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f := serve(w, r, function, find); f != nil {
			f.respond(w)
		}
	})
}

func serve(w http.ResponseWriter, r *http.Request, function string, find func(*http.Request) (*Session, error),
) *failure {
	path, ok := strings.CutPrefix(r.URL.EscapedPath(), "/v1.0/")
	if !ok {
		return elsewhere(r)
	}
	switch {
	case path == "healthz" || path == "healthz/outbound":
		return only(w, r, func() { w.WriteHeader(http.StatusNoContent) }, http.MethodGet, http.MethodHead)
	case path == "metadata":
		session, _ := find(r) // none: there is nothing to tell of it yet
		return only(w, r, func() { metadata(w, function, session) }, http.MethodGet)
	}
	rest, ok := strings.CutPrefix(path, "state/")
	if !ok {
		return elsewhere(r)
	}
	parts := strings.Split(rest, "/")
	for i := range parts {
		part, err := url.PathUnescape(parts[i])
		if err != nil {
			return malformed("path: %v", err)
		}
		parts[i] = part
	}
	session, err := find(r)
	if err != nil {
		return &failure{http.StatusConflict, codeNoInvocation, err.Error()}
	}
	return session.serve(w, r, parts)
}

// elsewhere is what all but state is refused with.
func elsewhere(r *http.Request) *failure {
	if strings.HasPrefix(r.URL.Path, "/v1.0-alpha1/state/") {
		return &failure{http.StatusInternalServerError, codeQuery, "state store does not support querying"}
	}
	return &failure{http.StatusNotFound, "ERR_NOT_FOUND",
		fmt.Sprintf("%s %.100s: of Dapr's API there is state (/v1.0/state/STORE), healthz and metadata here", r.Method,
			r.URL.Path)}
}

// only answers requests of some methods.
func only(w http.ResponseWriter, r *http.Request, answer func(), methods ...string) *failure {
	for _, m := range methods {
		if r.Method == m {
			answer()
			return nil
		}
	}
	w.Header().Set("Allow", strings.Join(methods, ", "))
	return &failure{http.StatusMethodNotAllowed, codeMalformed,
		fmt.Sprintf("%s %.100s: want %s", r.Method, r.URL.Path, strings.Join(methods, " or "))}
}

// metadata tells of the stores as Dapr tells of its components.
func metadata(w http.ResponseWriter, function string, session *Session) {
	components := []map[string]any{}
	if session != nil {
		for _, name := range session.names() {
			components = append(components, map[string]any{
				"name": name, "type": "state.testbed", "version": "v1", "capabilities": []string{"ETAG", "TRANSACTIONAL"},
			})
		}
	}
	respondJSON(w, http.StatusOK, map[string]any{"id": function, "runtimeVersion": "testbed", "components": components})
}

// serve answers a request for path, a store and what is wanted of it.
func (s *Session) serve(w http.ResponseWriter, r *http.Request, path []string) (f *failure) {
	if f := queryMetadata(r.URL.Query()).check(); f != nil {
		return f
	}
	answer := func(do func(http.ResponseWriter, *http.Request, string) *failure) func() {
		return func() { f = do(w, r, path[0]) }
	}
	var refused *failure
	switch {
	case len(path) == 1:
		refused = only(w, r, answer(s.save), http.MethodPost, http.MethodPut)
	case len(path) > 2:
		return elsewhere(r)
	case path[1] == "bulk" && (r.Method == http.MethodPost || r.Method == http.MethodPut):
		f = s.bulk(w, r, path[0])
	case path[1] == "transaction" && (r.Method == http.MethodPost || r.Method == http.MethodPut):
		f = s.transact(w, r, path[0])
	case r.Method == http.MethodDelete:
		f = s.remove(w, r, path[0], path[1])
	default:
		refused = only(w, r, func() { f = s.get(w, path[0], path[1]) }, http.MethodGet, http.MethodDelete)
	}
	if refused != nil {
		return refused
	}
	return f
}

// get answers with a key's value, or 204 where there is none.
func (s *Session) get(w http.ResponseWriter, store, key string) *failure {
	if f := checkKey(key); f != nil {
		return f
	}
	var text []byte
	var etag string
	var found bool
	taken := int64(0)
	defer func() { s.memory.Give(taken) }()
	f := s.with(store, func(space *keyspace.Space) (*keyspace.Space, *failure) {
		var value []byte
		value, etag, found = space.Get(key)
		if err := s.take(int64(len(value))); err != nil {
			return nil, refusal(codeGet, fmt.Sprintf("fail to get %.64s from state store %.100s", key, store), err)
		}
		taken = int64(len(value))
		text = append(text, value...) // what the space has may be another's once the session is closed
		return space, nil
	})
	switch {
	case f != nil:
		return f
	case !found:
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header()["Etag"] = []string{etag}
		respond(w, http.StatusOK, text)
	}
	return nil
}

// bulk answers with the values of several keys, in the order in which they are asked for.
func (s *Session) bulk(w http.ResponseWriter, r *http.Request, store string) *failure {
	var wanted struct {
		Keys        []string `json:"keys"`
		Metadata    manner   `json:"metadata"`
		Parallelism int      `json:"parallelism"` // accepted: all values are at hand
	}
	give, f := s.body(w, r, &wanted)
	defer give()
	if f != nil {
		return f
	}
	if f := wanted.Metadata.check(); f != nil {
		return f
	}
	for _, key := range wanted.Keys {
		if f := checkKey(key); f != nil {
			return f
		}
	}
	text, taken := []byte{'['}, int64(0)
	defer func() { s.memory.Give(taken) }()
	f = s.with(store, func(space *keyspace.Space) (*keyspace.Space, *failure) {
		for i, key := range wanted.Keys {
			if i > 0 {
				text = append(text, ',')
			}
			value, _, _ := space.Get(key)
			n := int64(2*len(value) + 6*len(key) + overhead) // append may take twice what is needed, and escaping six times
			if err := s.take(n); err != nil {
				return nil, refusal(codeBulk, "failed reading several keys", err)
			}
			taken += n
			text = appendEntry(text, space, key)
		}
		return space, nil
	})
	if f != nil {
		return f
	}
	respond(w, http.StatusOK, append(text, ']'))
	return nil
}

// appendEntry appends what bulk tells of a key, its value as it was written.
func appendEntry(text []byte, space *keyspace.Space, key string) []byte {
	name, _ := json.Marshal(key) // a string: it cannot fail
	text = append(append(text, `{"key":`...), name...)
	if value, etag, found := space.Get(key); found {
		text = append(append(text, `,"data":`...), value...)
		text = append(append(append(text, `,"etag":"`...), etag...), '"')
	}
	return append(text, '}')
}
