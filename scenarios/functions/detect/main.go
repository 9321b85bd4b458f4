// Detect finds anomalies over a window of sensor values. detect.py is the same in Python, and says how.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
)

const (
	api    = "/v1.0/state/statestore"
	window = 64
	least  = 16
	limit  = 1_000_000
)

type result struct {
	Readings  int        `json:"readings"`
	Anomalies [][2]int64 `json:"anomalies"`
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

// invoke detects, and returns the result.
func invoke(r *http.Request) ([]byte, error) {
	argument, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var readings []int64
	for _, field := range bytes.Fields(argument) {
		x, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return nil, err
		}
		readings = append(readings, x)
	}
	before := []int64{}
	if err := state(r, "GET", "/window", nil, &before); err != nil {
		return nil, err
	}
	after, anomalies, err := detect(before, readings)
	if err != nil {
		return nil, err
	}
	if err := state(r, "POST", "", []any{map[string]any{"key": "window", "value": after}}, nil); err != nil {
		return nil, err
	}
	return json.Marshal(result{len(readings), anomalies})
}

// detect appends readings to the window, and finds the anomalies: position and value of each.
func detect(last, readings []int64) (after []int64, anomalies [][2]int64, err error) {
	anomalies = [][2]int64{}
	total, squares := int64(0), int64(0)
	for _, x := range last {
		total, squares = total+x, squares+x*x
	}
	for at, x := range readings {
		if x < -limit || x > limit {
			return nil, nil, fmt.Errorf("reading %d is out of range", at)
		}
		n := int64(len(last))
		// |x - total/n| > 3 deviations, both sides times n, squared
		if off := n*x - total; n >= least && off*off > 9*(n*squares-total*total) {
			anomalies = append(anomalies, [2]int64{int64(at), x})
		}
		last = append(last, x)
		total, squares = total+x, squares+x*x
		if n == window {
			total, squares = total-last[0], squares-last[0]*last[0]
			last = last[1:]
		}
	}
	return last, anomalies, nil
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
