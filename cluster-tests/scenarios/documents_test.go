package scenarios

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
	asked     = "kubewarden/admission-controller"
	reachable = "-mutating pod-security-policy-validating --for=condition=PolicyUniquelyReachable"
)

// documents are followed in this order, on one cluster.
var documents = []follow{
	{file: "docs/rbac.md"},
	{file: "docs/install.md", after: map[string]func(*reader, *testing.T){
		asked: (*reader).mayAsk, reachable: (*reader).monitors, protected: (*reader).protects, backedOut: (*reader).admitsEverything,
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
	{file: "docs/migrate-from-kubewarden.md", data: true, before: (*reader).hasOtherPolicies, after: migration},
	{file: "README.md"},
	{file: "charts/pod-security-policy/README.md"},
}

// migration is what the pages on other sources promise.
var migration = map[string]func(*reader, *testing.T){
	applied: (*reader).admitsEverything, protected: (*reader).rejects, backedOut: (*reader).admitsEverything,
}

// elsewhere are commands that are not run here, and why.
var elsewhere = map[string]string{
	"make ":                          "builds and tests: what the Makefile and continuous integration do",
	"cargo ":                         "builds from a registry",
	"scripts/":                       "continuous integration",
	"kwctl ":                         "release-tests, where it is installed",
	"cosign ":                        "release-tests",
	"sha256sum ":                     "tests/docs.rs, with the files of a release",
	"helm pull ":                     "tests/chart, with a registry",
	"helm install psp oci:":          "tests/chart, with a registry",
	"helm install psp pod-security":  "tests/chart, with a registry",
	"helm template . ":               "the command line's tests",
	"kubectl get constraint":         "needs Gatekeeper",
	"kubectl get configs.config.":    "needs Gatekeeper",
	"kubectl get assign":             "needs Gatekeeper",
	"kubectl patch k8spsp":           "needs Gatekeeper",
	"kubectl delete k8spsp":          "needs Gatekeeper",
	"kubectl delete assign ":         "needs Gatekeeper",
	"kubectl delete constraint":      "needs Gatekeeper",
	"kubectl apply --filename const": "needs Gatekeeper",
	"kubectl get clusterpolicies":    "needs Kyverno",
	"kubectl get validatingpolicies": "needs Kyverno",
	"kubectl get policyreports":      "needs Kyverno",
	"kubectl delete clusterpolicy ":  "needs Kyverno",
	"kubectl delete validatingpolic": "needs Kyverno",
}

// Every kubectl command and every object of the documents, in the order in which they stand there.
func TestDocumentsCanBeFollowed(t *testing.T) {
	t.Parallel()
	reader := newReader(t)
	files, err := filepath.Glob(filepath.Join(root, "docs/*.md"))
	if err != nil {
		t.Fatal(err)
	}
	all := documents
	for _, file := range files {
		name := "docs/" + filepath.Base(file)
		isListed := slices.ContainsFunc(documents, func(document follow) bool { return document.file == name })
		text, err := os.ReadFile(file)
		switch {
		case err != nil:
			t.Fatal(err)
		case isListed || !strings.Contains(string(text), "\nkubectl "):
		case strings.HasPrefix(name, "docs/migrate-from-"):
			all = append(all, follow{file: name, data: true, after: migration})
		default:
			t.Errorf("%s has commands, and is not followed", name)
		}
	}
	for _, document := range all {
		t.Run(strings.ReplaceAll(document.file, "/", "-"), func(t *testing.T) {
			reader.follow(t, document)
		})
	}
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
