package dapr

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"testbed/emulator/faas/keyspace"
)

// Codes of errors, Dapr's own but for the last two.
const (
	codeMalformed    = "ERR_MALFORMED_REQUEST"
	codeNotFound     = "ERR_STATE_STORE_NOT_FOUND"
	codeNone         = "ERR_STATE_STORE_NOT_CONFIGURED"
	codeGet          = "ERR_STATE_GET"
	codeBulk         = "ERR_STATE_BULK_GET"
	codeSave         = "ERR_STATE_SAVE"
	codeDelete       = "ERR_STATE_DELETE"
	codeTransaction  = "ERR_STATE_TRANSACTION"
	codeOperation    = "ERR_NOT_SUPPORTED_STATE_OPERATION"
	codeQuery        = "ERR_STATE_STORE_NOT_SUPPORTED"
	codeNoInvocation = "ERR_NO_INVOCATION"
	codeToken        = "ERR_API_TOKEN"
)

// failure is an error as the API tells it.
type failure struct {
	status  int
	code    string
	message string
}

func malformed(format string, args ...any) *failure {
	return &failure{http.StatusBadRequest, codeMalformed, fmt.Sprintf(format, args...)}
}

func notFound(store string, known []string) *failure {
	if len(known) == 0 {
		return &failure{http.StatusInternalServerError, codeNone,
			fmt.Sprintf("state store %.100q is not configured: the task has no state in the scenario", store)}
	}
	return &failure{http.StatusBadRequest, codeNotFound,
		fmt.Sprintf("state store %.100q is not found: the function has %s", store, strings.Join(known, ", "))}
}

// errETag is Dapr's text for a write whose ETag is not the key's.
var errETag = errors.New("possible etag mismatch. error from state store")

// refusal is why a store did not do something, with its status.
func refusal(code, doing string, err error) *failure {
	status := http.StatusInternalServerError
	switch {
	case errors.Is(err, errETag):
		status = http.StatusConflict
	case errors.Is(err, keyspace.ErrFull), errors.Is(err, errMemory):
		status = http.StatusRequestEntityTooLarge
	case errors.Is(err, keyspace.ErrKey):
		status, code = http.StatusBadRequest, codeMalformed
	}
	return &failure{status, code, doing + ": " + err.Error()}
}

func (f *failure) respond(w http.ResponseWriter) {
	respondJSON(w, f.status, map[string]string{"errorCode": f.code, "message": f.message})
}

// respondJSON sends a value of strings and the like, which cannot fail to be written as JSON.
func respondJSON(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		status, text = http.StatusInternalServerError, nil
	}
	respond(w, status, text)
}

// respond sends JSON. What goes wrong on the way the function sees by itself.
func respond(w http.ResponseWriter, status int, text []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}
