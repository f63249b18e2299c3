package main

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"testing"
)

// TestGolden runs every recorded case again, ten times, since the answer must not depend on the order of a Go map.
func TestGolden(t *testing.T) {
	text, err := os.ReadFile("testdata/golden.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range bytes.Split(bytes.TrimSpace(text), []byte("\n")) {
		var golden struct {
			Case   json.RawMessage
			Result map[string]any
		}
		if err := json.Unmarshal(line, &golden); err != nil {
			t.Fatal(err)
		}
		for range 10 {
			answered, err := answer(golden.Case)
			if err != nil {
				t.Fatal(err)
			}
			var result map[string]any
			if err := json.Unmarshal(answered, &result); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(result, golden.Result) {
				t.Fatalf("%s:\n got %s\nwant %s", golden.Result["name"], answered, line)
			}
		}
	}
}

func TestRefusesWhatItCannotRead(t *testing.T) {
	for name, question := range map[string]string{
		"a key that no case has":  `{"Name":"x","Pods":[]}`,
		"a pod that is no pod":    `{"Pod":{"kind":"Node","apiVersion":"v1"}}`,
		"a pod of the wrong type": `{"Pod":{"spec":{"hostPID":"true"}}}`,
		"an update of nothing":    `{"Op":"UPDATE","Pod":{}}`,
		"an unknown gate":         `{"Gates":"NoSuchGate=true","Pod":{}}`,
	} {
		t.Run(name, func(t *testing.T) {
			if answered, err := answer([]byte(question)); err == nil {
				t.Fatalf("answered %s", answered)
			}
		})
	}
}
