// Package main is a function for Google's functions framework, which Knative's users deploy as well.
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"

	"github.com/GoogleCloudPlatform/functions-framework-go/funcframework"
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"
)

func main() {
	functions.HTTP("hello", hello)
	log.Fatal(funcframework.Start(os.Getenv("PORT")))
}

// hello answers what it knows of the invocation, its state, and its argument.
func hello(w http.ResponseWriter, r *http.Request) {
	argument, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	state := "http://127.0.0.1:" + os.Getenv("DAPR_HTTP_PORT") + "/v1.0/state/statestore/k"
	ask, err := http.NewRequestWithContext(r.Context(), http.MethodGet, state, nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	ask.Header.Set("Traceparent", r.Header.Get("Traceparent"))
	ask.Header.Set("Dapr-Api-Token", os.Getenv("DAPR_API_TOKEN"))
	answer, err := http.DefaultClient.Do(ask)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer answer.Body.Close()
	value, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		http.Error(w, fmt.Sprint(answer.Status, string(value), err), http.StatusInternalServerError)
		return
	}
	fmt.Fprintf(w, "%s %s %s %s", r.Header.Get("Ce-Type"), r.Header.Get("Ce-Id"), value, argument)
}
