// Counter says how often it was called, and with how many bytes in all. counter.py is the same in Python.
//
// It needs Go's standard library only. POST / is an invocation; its state is behind Dapr's state API, wherever the
// execution model keeps it.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
)

const api = "/v1.0/state/statestore"

type total struct {
	Calls int64 `json:"calls"`
	Bytes int64 `json:"bytes"`
}

func main() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	http.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		result, err := invoke(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(result) // who does not read it has given up
	})
	http.HandleFunc("GET /_/health", func(http.ResponseWriter, *http.Request) {})
	log.Fatal(http.ListenAndServe(":"+port, nil))
}

// invoke counts, and returns the result.
func invoke(r *http.Request) ([]byte, error) {
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		return nil, err
	}
	var t total
	if err := state(r, "GET", "/total", nil, &t); err != nil {
		return nil, err
	}
	t.Calls++
	t.Bytes += n
	if err := state(r, "POST", "", []any{map[string]any{"key": "total", "value": t}}, nil); err != nil {
		return nil, err
	}
	return json.Marshal(t)
}

// state calls the state API. A value that is not there leaves into as it is.
func state(of *http.Request, method, path string, send, into any) error {
	var body bytes.Buffer
	if send != nil {
		if err := json.NewEncoder(&body).Encode(send); err != nil {
			return err
		}
	}
	r, err := http.NewRequestWithContext(of.Context(), method,
		"http://127.0.0.1:"+os.Getenv("DAPR_HTTP_PORT")+api+path, &body)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("dapr-api-token", os.Getenv("DAPR_API_TOKEN")) // Dapr's SDKs send it by themselves
	// They say for which invocation.
	for _, name := range []string{"Traceparent", "Ce-Id"} {
		if value := of.Header.Get(name); value != "" {
			r.Header.Set(name, value)
		}
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return err
	case response.StatusCode >= 300:
		return fmt.Errorf("%s %s: %s %.300q", method, path, response.Status, text)
	case into == nil || len(text) == 0:
		return nil
	}
	return json.Unmarshal(text, into)
}
