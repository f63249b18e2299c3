package main

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
)

func TestGolden(t *testing.T) {
	text, err := os.ReadFile("testdata/golden.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	judge, err := newJudge()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range bytes.Split(bytes.TrimSpace(text), []byte("\n")) {
		var golden struct {
			Case   json.RawMessage
			Result Result
		}
		if err := json.Unmarshal(line, &golden); err != nil {
			t.Fatal(err)
		}
		answered, err := judge.answer(golden.Case)
		if err != nil {
			t.Fatal(err)
		}
		var result Result
		if err := json.Unmarshal(answered, &result); err != nil {
			t.Fatal(err)
		}
		if result != golden.Result {
			t.Errorf("%s:\n got %+v\nwant %+v", golden.Result.Name, result, golden.Result)
		}
	}
}

func TestRefusesWhatItCannotRead(t *testing.T) {
	judge, err := newJudge()
	if err != nil {
		t.Fatal(err)
	}
	for name, question := range map[string]string{
		"a level that is none":   `{"level":"restrictd","version":"latest","pod":{}}`,
		"a version that is none": `{"level":"baseline","version":"1.25","pod":{}}`,
		"no pod":                 `{"level":"baseline","version":"latest"}`,
		"an unknown key":         `{"level":"baseline","version":"latest","pod":{},"x":1}`,
	} {
		t.Run(name, func(t *testing.T) {
			if answered, err := judge.answer([]byte(question)); err == nil {
				t.Fatalf("answered %s", answered)
			}
		})
	}
}
