package main

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"testing"
)

// answered is a pod that Pod Security admission has judged.
type answered struct {
	Case struct {
		Name, Level, Version string
		Pod                  json.RawMessage
	}
	Result struct{ Allowed bool }
}

// Pods of the recorded cases get the recorded verdict from each engine: they are compared by what they do, not by name.
func TestAllEnginesGiveTheRecordedVerdicts(t *testing.T) {
	levels := map[string][]Engine{}
	for _, level := range []string{"baseline", "restricted"} {
		all, err := engines(level)
		if err != nil {
			t.Fatal(err)
		}
		levels[level] = all
	}
	file, err := os.Open("../../conformance/golden/standards.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(unpacked)
	lines.Buffer(nil, 1<<20)
	compared := 0
	for lines.Scan() {
		var known answered
		if err := json.Unmarshal(lines.Bytes(), &known); err != nil {
			t.Fatal(err)
		}
		all, isKnown := levels[known.Case.Level]
		if !isKnown || known.Case.Version != "latest" {
			continue
		}
		// As an API server sends it: without what is null, and with nothing that it does not know.
		pod, err := decodePod(known.Case.Pod)
		if err != nil {
			t.Fatalf("%s: %v", known.Case.Name, err)
		}
		// The API server refuses pods without containers before it asks anybody.
		if len(pod.Spec.Containers) == 0 {
			continue
		}
		sent, err := json.Marshal(pod)
		if err != nil {
			t.Fatal(err)
		}
		for _, engine := range all {
			decoded, err := engine.Decode(sent)
			if err != nil {
				t.Fatalf("%s: %s: %v", engine.Name(), known.Case.Name, err)
			}
			allowed, err := engine.Evaluate(decoded)
			if err != nil || allowed != known.Result.Allowed {
				t.Errorf("%s: %s at %s: %v instead of %v, %v", engine.Name(), known.Case.Name, known.Case.Level, allowed, known.Result.Allowed, err)
			}
		}
		compared++
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if compared < 1000 {
		t.Errorf("only %d pods were compared", compared)
	}
}
