package function

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"strings"
)

// structured says whether an answer of this media type is a CloudEvent as JSON, its data a member of it.
func structured(mediaType string) bool {
	name, _, err := mime.ParseMediaType(mediaType)
	return err == nil && name == "application/cloudevents+json"
}

// dataOf is the data of a CloudEvent in structured mode, as the same event has it as its body in binary mode:
// CloudEvents' JSON format 1.0, section 3.1. Without data it is empty.
func dataOf(event []byte) ([]byte, error) {
	var e struct {
		SpecVersion string          `json:"specversion"`
		Type        string          `json:"datacontenttype"`
		Data        json.RawMessage `json:"data"`
		Base64      []byte          `json:"data_base64"`
	}
	if err := json.Unmarshal(event, &e); err != nil {
		return nil, fmt.Errorf("it answered with a CloudEvent that cannot be read: %w", err)
	}
	switch {
	case e.SpecVersion == "":
		return nil, errors.New("it answered with a CloudEvent that cannot be read: it has no specversion")
	case e.Base64 != nil && e.Data != nil:
		return nil, errors.New("it answered with a CloudEvent that has both data and data_base64")
	case e.Base64 != nil:
		return e.Base64, nil
	case bytes.Equal(e.Data, []byte("null")):
		return nil, nil
	case e.Type == "" || isJSON(e.Type):
		return e.Data, nil
	}
	var text string
	if err := json.Unmarshal(e.Data, &text); err != nil {
		return e.Data, nil // of another type, and written as JSON all the same: that is allowed
	}
	return []byte(text), nil
}

// isJSON says whether data of this media type are JSON themselves.
func isJSON(mediaType string) bool {
	name, _, err := mime.ParseMediaType(mediaType)
	return err == nil && (name == "application/json" || name == "text/json" || strings.HasSuffix(name, "+json"))
}
