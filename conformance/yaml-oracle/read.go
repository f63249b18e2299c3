package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	kjson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// question is a text as in a file.
type question struct {
	Text string `json:"text"`
}

// reply is the JSON that kubectl would send to the API server for the text.
type reply struct {
	Text string `json:"text"`
	// Documents are the documents up to the first that cannot be read; empty ones are left out.
	Documents []json.RawMessage `json:"documents"`
	// Error says why reading ended early.
	Error string `json:"error,omitempty"`
}

func answer(line []byte) ([]byte, error) {
	var asked question
	if err := json.Unmarshal(line, &asked); err != nil {
		return nil, err
	}
	replied := reply{Text: asked.Text, Documents: []json.RawMessage{}}
	if err := read(asked.Text, &replied.Documents); err != nil {
		replied.Error = err.Error()
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(replied); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(out.Bytes()), nil
}

// read appends the documents of a text, as k8s.io/cli-runtime's StreamVisitor reads them: decoded by
// k8s.io/apimachinery/pkg/util/yaml (sigs.k8s.io/yaml), then as unstructured JSON.
func read(text string, documents *[]json.RawMessage) (err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("panic: %v", panicked)
		}
	}()
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 4096)
	for {
		var raw json.RawMessage
		if err := decoder.Decode(&raw); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		raw = bytes.TrimSpace(raw)
		if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
			continue
		}
		var value any
		if err := kjson.Unmarshal(raw, &value); err != nil {
			return err
		}
		var out bytes.Buffer
		encoder := json.NewEncoder(&out)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(value); err != nil {
			return err
		}
		*documents = append(*documents, bytes.TrimSpace(out.Bytes()))
	}
}
