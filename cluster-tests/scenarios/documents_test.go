package scenarios

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// follow is a document with what its reader has at hand, and what holds after commands.
type follow struct {
	file string
	// data is whether the reader has the example cluster's files, in place of this project's.
	data bool
	// before makes what the document presumes.
	before func(*reader, *testing.T)
	// after has checks by a part of the command that they follow; a command can occur several times.
	after map[string]func(*reader, *testing.T)
}

const (
	applied   = "kubectl apply --filename from-"
	protected = `{"spec":{"failurePolicy":"Fail"}}`
	backedOut = "kubectl delete clusteradmissionpolicy pod-security-policy"
	reachable = "-mutating pod-security-policy-validating --for=condition=PolicyUniquelyReachable"
)

// documents are followed in this order, on one cluster.
var documents = []follow{
	{file: "docs/rbac.md"},
	{file: "docs/install.md", after: map[string]func(*reader, *testing.T){
		reachable: (*reader).monitors, protected: (*reader).protects, backedOut: (*reader).admitsEverything,
	}},
	{file: "docs/pair.md"},
	{file: "docs/operating.md", after: map[string]func(*reader, *testing.T){
		backedOut: (*reader).admitsEverything,
	}},
	{file: "docs/troubleshooting.md"},
	{file: "docs/around-the-pod.md"},
	{file: "docs/continued.md"},
	{file: "docs/gitops.md"},
	{file: "docs/alerts.md"},
	{file: "docs/supply-chain.md"},
	{file: "docs/cli.md", data: true, before: (*reader).runsAWorkload},
	{file: "docs/migration-day.md", data: true, after: map[string]func(*reader, *testing.T){
		reachable: (*reader).admitsEverything, protected: (*reader).protectsByBaseline, backedOut: (*reader).admitsEverything,
	}},
	{file: "docs/migrate-from-kubewarden.md", data: true, before: (*reader).hasOtherPolicies, after: map[string]func(*reader, *testing.T){
		applied: (*reader).admitsEverything, protected: (*reader).rejects, backedOut: (*reader).admitsEverything,
	}},
	{file: "docs/migrate-from-openshift.md", data: true, after: map[string]func(*reader, *testing.T){
		applied: (*reader).admitsEverything, protected: (*reader).rejects, backedOut: (*reader).admitsEverything,
	}},
	{file: "docs/migrate-from-pod-security-admission.md", data: true, after: map[string]func(*reader, *testing.T){
		applied: (*reader).admitsEverything, protected: (*reader).rejects, backedOut: (*reader).admitsEverything,
	}},
	{file: "README.md"},
	{file: "charts/pod-security-policy/README.md"},
}

// elsewhere are commands that are not run here, and why.
var elsewhere = map[string]string{
	"make ":                          "builds and tests: what the Makefile and continuous integration do",
	"cargo ":                         "builds from a registry",
	"scripts/":                       "continuous integration",
	"kwctl ":                         "e2e-tests, where it is installed",
	"cosign ":                        "needs the log of signatures",
	"sha256sum ":                     "tests/docs.rs, with the files of a release",
	"helm repo add ":                 "needs a registry of charts",
	"helm upgrade --install --wait ": "needs a registry of charts",
	"helm pull ":                     "needs a registry of charts",
	"helm install psp oci:":          "needs a registry of charts",
	"helm install psp pod-security":  "needs a registry of charts",
	"helm template . ":               "the command line's tests",
}

// Every kubectl command and every object of the documents, in the order in which they stand there.
func TestDocumentsCanBeFollowed(t *testing.T) {
	t.Parallel()
	reader := newReader(t)
	for _, document := range documents {
		t.Run(strings.ReplaceAll(document.file, "/", "-"), func(t *testing.T) {
			reader.follow(t, document)
		})
	}
	followed, err := filepath.Glob(filepath.Join(root, "docs/*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range followed {
		if text, err := os.ReadFile(file); err != nil || !isListed(file) && strings.Contains(string(text), "\nkubectl ") {
			t.Errorf("%s has commands, and is not followed (%v)", file, err)
		}
	}
}

func isListed(file string) bool {
	for _, document := range documents {
		if filepath.Join(root, document.file) == file {
			return true
		}
	}
	return false
}

// block is a block of code in a document.
type block struct {
	line           int
	language, text string
}

func blocks(text string) []block {
	var (
		found []block
		open  *block
	)
	for index, line := range strings.Split(text, "\n") {
		fence, isFence := strings.CutPrefix(line, "```")
		switch {
		case isFence && open == nil:
			open = &block{line: index + 2, language: fence}
		case isFence:
			found = append(found, *open)
			open = nil
		case open != nil:
			open.text += line + "\n"
		}
	}
	return found
}

func (r *reader) follow(t *testing.T, document follow) {
	text, err := os.ReadFile(filepath.Join(root, document.file))
	if err != nil {
		t.Fatal(err)
	}
	r.enter(t, document.data)
	if document.before != nil {
		document.before(r, t)
	}
	for _, block := range blocks(string(text)) {
		place := fmt.Sprintf("%s:%d", document.file, block.line)
		switch block.language {
		case "yaml":
			r.apply(t, place, block.text)
		case "console":
			command, _ := strings.CutPrefix(strings.SplitN(block.text, "\n", 2)[0], "$ ")
			// What it prints, and how it ends, is compared by other tests. Here it is run for what follows.
			if strings.HasPrefix(command, "kubectl psp ") {
				output, err := r.shell(command)
				t.Logf("%s: %s: %v\n%s", place, command, err, output)
			}
		case "sh":
			for line := range strings.Lines(block.text) {
				command := strings.TrimSpace(line)
				if command == "" || isElsewhere(command) {
					continue
				}
				r.run(t, place, command)
				for part, check := range document.after {
					if strings.Contains(command, part) {
						check(r, t)
					}
				}
			}
		}
	}
}

func isElsewhere(command string) bool {
	for prefix := range elsewhere {
		if strings.HasPrefix(command, prefix) {
			return true
		}
	}
	return false
}
