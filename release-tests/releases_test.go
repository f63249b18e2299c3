package releases

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/sigstore/cosign/v3/pkg/cosign/bundle"
	"github.com/sigstore/cosign/v3/pkg/oci"
	"github.com/sigstore/cosign/v3/pkg/oci/mutate"
	ociremote "github.com/sigstore/cosign/v3/pkg/oci/remote"
	cosigned "github.com/sigstore/cosign/v3/pkg/oci/signed"
	"github.com/sigstore/cosign/v3/pkg/oci/static"
	"github.com/sigstore/sigstore/pkg/signature/payload"
	"sigs.k8s.io/yaml"
)

const (
	hub      = "https://github.com/"
	issuer   = "https://token.actions.githubusercontent.com"
	project  = "pod-security-policy/pod-security-policy"
	workflow = hub + project + "/.github/workflows/release.yml@refs/tags/v0.1.0"
)

// listening is how docker-registry says at which port.
var listening = regexp.MustCompile(`listening on [^"]*:(\d+)`)

// images are those of a release.
var images = []string{project + ":v0.1.0", "pod-security-policy/kubectl-psp:v0.1.0"}

// release is a registry with images, a folder with files, and signatures of all of them.
type release struct {
	*authority
	address, folder string
}

// publish signs a release as a workflow; without one nothing is signed.
func publish(t *testing.T, workflow string) *release {
	t.Helper()
	authority, err := newAuthority()
	check(t, err)
	release := &release{authority, startRegistry(t), t.TempDir()}

	trusted, err := authority.trustedRoot()
	check(t, err)
	release.write(t, "trusted-root.json", trusted)
	config, err := json.Marshal(map[string]any{
		"mediaType":     "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
		"trustedRoot":   json.RawMessage(trusted),
		"signingConfig": map[string]any{},
	})
	check(t, err)
	release.write(t, "trust.json", config)
	release.write(t, "sources.yaml", []byte("insecure_sources: ['"+release.address+"']\n"))

	for _, image := range images {
		release.push(t, image, workflow)
	}
	sums := []byte(strings.Repeat("0", 64) + "  policy.wasm\n")
	release.write(t, "SHA256SUMS", sums)
	if workflow != "" {
		signed, err := authority.sign(workflow, issuer, sums)
		check(t, err)
		bundle, err := authority.bundle(signed)
		check(t, err)
		release.write(t, "SHA256SUMS.sigstore.json", bundle)
	}
	return release
}

// startRegistry starts Debian's docker-registry, and returns its address.
func startRegistry(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	config := fmt.Sprintf("version: 0.1\nlog: {formatter: json}\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: 'localhost:0'}\n", folder)
	file := filepath.Join(folder, "config.yml")
	check(t, os.WriteFile(file, []byte(config), 0o600))
	process := exec.CommandContext(t.Context(), "docker-registry", "serve", file)
	log, err := process.StderrPipe()
	check(t, err)
	check(t, process.Start())
	t.Cleanup(func() { _ = process.Process.Kill(); _ = process.Wait() })
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		if match := listening.FindStringSubmatch(lines.Text()); match != nil {
			// A full pipe would block it.
			go func() { _, _ = io.Copy(io.Discard, log) }()
			return "localhost:" + match[1]
		}
	}
	t.Fatal("docker-registry does not listen")
	return ""
}

// push stores an image and signs it in the form that Kubewarden verifies.
func (r *release) push(t *testing.T, image, workflow string) {
	t.Helper()
	reference, err := name.ParseReference(r.address + "/" + image)
	check(t, err)
	content, err := random.Image(64, 1)
	check(t, err)
	check(t, remote.Write(reference, content))
	if image == images[0] && os.Getenv("KWCTL") != "" {
		// The module itself, as the release workflow pushes it.
		module, err := os.ReadFile("../annotated-policy.wasm")
		check(t, err)
		r.write(t, "annotated-policy.wasm", module)
		r.passes(t, "kwctl push annotated-policy.wasm registry://ghcr.io/"+image)
		content, err = remote.Image(reference)
		check(t, err)
	}
	if workflow == "" {
		return
	}
	digest, err := content.Digest()
	check(t, err)
	text, err := payload.Cosign{Image: reference.Context().Digest(digest.String())}.MarshalJSON()
	check(t, err)
	made, err := r.sign(workflow, issuer, text)
	check(t, err)
	check(t, ociremote.WriteSignatures(reference.Context(), r.attached(t, content, text, made)))
}

func (r *release) attached(t *testing.T, content v1.Image, text []byte, made *signed) oci.SignedImage {
	t.Helper()
	id, err := r.logID()
	check(t, err)
	signature, err := static.NewSignature(text, inBase64(made.signature),
		static.WithCertChain(encoded(made.leaf), append(encoded(r.intermediate), encoded(r.root)...)),
		static.WithBundle(&bundle.RekorBundle{
			SignedEntryTimestamp: made.promise,
			Payload: bundle.RekorPayload{
				Body: inBase64(made.body), IntegratedTime: made.at.Unix(), LogID: hex.EncodeToString(id),
			},
		}))
	check(t, err)
	image, err := mutate.AttachSignatureToImage(cosigned.Image(content), signature)
	check(t, err)
	return image
}

func (r *release) write(t *testing.T, file string, content []byte) {
	t.Helper()
	check(t, os.WriteFile(filepath.Join(r.folder, file), content, 0o600))
}

// run runs a command of a document against this release, and returns what it prints and whether it succeeds.
func (r *release) run(t *testing.T, command string) (string, bool) {
	t.Helper()
	words := strings.Fields(strings.NewReplacer("ghcr.io", r.address, "registry.example.com:5000", r.address).Replace(command))
	switch {
	case words[0] == "cosign":
		words[0] = os.Getenv("COSIGN")
		// The stand-in has no log of certificates.
		words = append(words, "--trusted-root", "trusted-root.json", "--insecure-ignore-sct")
	case words[1] == "verify":
		words = append(words, "--sigstore-trust-config", "trust.json")
		fallthrough
	default:
		words[0] = os.Getenv("KWCTL")
		words = append(words, "--sources-path", "sources.yaml")
	}
	process := exec.CommandContext(t.Context(), words[0], words[1:]...)
	process.Dir = r.folder
	process.Env = append(os.Environ(), "HOME="+r.folder)
	var printed bytes.Buffer
	process.Stdout, process.Stderr = &printed, &printed
	err := process.Run()
	return printed.String(), err == nil
}

// passes runs a command that must succeed.
func (r *release) passes(t *testing.T, command string) string {
	t.Helper()
	printed, passed := r.run(t, command)
	if !passed {
		t.Fatalf("%s: fails\n%s", command, printed)
	}
	return printed
}

// commands are those of the documents for cosign and kwctl that verify, or all others, each once.
func commands(t *testing.T, verifying bool) []string {
	t.Helper()
	var found []string
	for _, page := range []string{"../README.md", "../docs/install.md", "../docs/supply-chain.md", "../docs/operating.md"} {
		text, err := os.ReadFile(page)
		check(t, err)
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSpace(line)
			isOne := strings.HasPrefix(line, "cosign ") || strings.HasPrefix(line, "kwctl ")
			if isOne && strings.HasSuffix(line, `\`) {
				t.Fatalf("%s: %s: continues, which is not read here", page, line)
			}
			if isOne && strings.Contains(line, " verify") == verifying && !slices.Contains(found, line) {
				found = append(found, line)
			}
		}
	}
	expected := []string{"kwctl pull ", "kwctl inspect ", "kwctl scaffold ", "kwctl push ", "kwctl run "}
	if verifying {
		expected = []string{"kwctl verify ", "cosign verify ", "cosign verify-blob "}
	}
	for _, start := range expected {
		if !slices.ContainsFunc(found, func(line string) bool { return strings.HasPrefix(line, start) }) {
			t.Fatalf("no document has a command that starts with %q", start)
		}
	}
	return found
}

func TestVerifyingAsDocumented(t *testing.T) {
	fork := strings.Replace(workflow, project, "somebody/fork", 1)
	branch := strings.Replace(workflow, "refs/tags/v0.1.0", "refs/heads/main", 1)
	cases := []struct {
		name, workflow string
		// passes are the commands that succeed.
		passes []string
	}{
		{"signed by the release workflow", workflow, []string{"cosign", "kwctl"}},
		{"signed by a fork", fork, nil},
		// kwctl looks at the repository alone.
		{"signed by the workflow of a branch", branch, []string{"kwctl"}},
		{"not signed", "", nil},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			release := publish(t, test.workflow)
			for _, command := range commands(t, true) {
				tool, _, _ := strings.Cut(command, " ")
				if tool == "kwctl" && os.Getenv("KWCTL") == "" {
					t.Logf("not run, because KWCTL names no kwctl: %s", command)
					continue
				}
				printed, passed := release.run(t, command)
				if passed != slices.Contains(test.passes, tool) {
					t.Errorf("%s: success is %v\n%s", command, passed, printed)
				}
			}
		})
	}
}

// What was signed is the file, not its name.
func TestAChangedFileIsNotAccepted(t *testing.T) {
	release := publish(t, workflow)
	release.write(t, "SHA256SUMS", []byte("changed\n"))
	for _, command := range commands(t, true) {
		if !strings.HasPrefix(command, "cosign verify-blob") {
			continue
		}
		if printed, passed := release.run(t, command); passed {
			t.Errorf("%s: accepted\n%s", command, printed)
		}
	}
}

// The policy server's configuration accepts this policy, and not that of a fork.
func TestTheConfigMapVerifies(t *testing.T) {
	needsKwctl(t)
	text, err := os.ReadFile("../docs/supply-chain.md")
	check(t, err)
	_, block, _ := strings.Cut(string(text), "```yaml\n")
	block, _, _ = strings.Cut(block, "```")
	var object struct{ Data map[string]string }
	check(t, yaml.Unmarshal([]byte(block), &object))
	fork := strings.Replace(workflow, project, "somebody/fork", 1)
	for _, signer := range []string{workflow, fork} {
		release := publish(t, signer)
		release.write(t, "verification.yml", []byte(object.Data["verification-config"]))
		command := "kwctl verify --verification-config-path verification.yml registry://ghcr.io/" + images[0]
		if printed, passed := release.run(t, command); passed != (signer == workflow) {
			t.Errorf("signed by %s: success is %v\n%s", signer, passed, printed)
		}
	}
}

// Pulls, inspects, scaffolds, runs and pushes the module.
func TestKwctlAsDocumented(t *testing.T) {
	needsKwctl(t)
	release := publish(t, workflow)
	settings, err := os.ReadFile("../benches/data/settings.yaml")
	check(t, err)
	release.write(t, "settings.yaml", settings)
	request := `{"uid":"1","operation":"CREATE","kind":{"group":"","version":"v1","kind":"Pod"},
		"resource":{"group":"","version":"v1","resource":"pods"},"namespace":"shop","userInfo":{"username":"alice"},
		"object":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web"},"spec":{"hostPID":true,"containers":[]}}}`
	release.write(t, "request.json", []byte(request))
	printed := ""
	for _, command := range commands(t, false) {
		printed += release.passes(t, command)
	}
	for _, part := range []string{
		"pod-security-policy",
		"kind: ClusterAdmissionPolicy",
		`"allowed":false`,
		"Host PID is not allowed to be used",
		"Policy successfully pushed",
	} {
		if !strings.Contains(printed, part) {
			t.Errorf("nothing prints %q:\n%s", part, printed)
		}
	}
}

func needsKwctl(t *testing.T) {
	t.Helper()
	if os.Getenv("KWCTL") == "" {
		t.Skip("KWCTL names no kwctl")
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
