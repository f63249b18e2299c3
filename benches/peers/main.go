// Command peers times engines that decide by the Pod Security Standards, next to this policy's own times.
//
//	peers -ours FOLDER small=small.json typical=typical.json
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var (
	metaKind     = metav1.GroupVersionKind(kind)
	metaResource = metav1.GroupVersionResource(resource)
)

// row is this policy's figures for a review.
type row struct {
	Name, Verdict string
	Fresh, Warm   struct{ Floor, Policy float64 }
}

// ours are the least of all rounds of `policy-host bench --json`, by the review's name.
func ours(folder string) (map[string]row, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	least := map[string]row{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var round struct{ Requests []row }
		if err := json.Unmarshal(text, &round); err != nil {
			return nil, err
		}
		for _, next := range round.Requests {
			if known, isKnown := least[next.Name]; isKnown {
				next.Fresh.Policy, next.Fresh.Floor = min(known.Fresh.Policy, next.Fresh.Policy), min(known.Fresh.Floor, next.Fresh.Floor)
				next.Warm.Policy, next.Warm.Floor = min(known.Warm.Policy, next.Warm.Policy), min(known.Warm.Floor, next.Warm.Floor)
			}
			least[next.Name] = next
		}
	}
	return least, nil
}

const (
	level = "restricted"
	// rounds are how often everything is timed; the least counts.
	rounds = 3
	// patience is how long one figure is measured in a round.
	patience = 400 * time.Millisecond
	// heap is what may be in use before it is collected, in bytes.
	heap = 512 << 20
)

func main() {
	own := flag.String("ours", "", "a folder with what policy-host bench --json has printed, a file for each round")
	flag.Parse()
	if err := run(*own, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(own string, reviews []string) error {
	policy, err := ours(own)
	if err != nil {
		return err
	}
	all, err := engines(level)
	if err != nil {
		return err
	}
	// A server has a heap of hundreds of megabytes, and collects it seldom; one of a few is collected for every other pod.
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(heap)
	fmt.Println("| review | engine | verdict | from bytes, µs | decoded, µs | from bytes, × ours |")
	fmt.Println("|---|---|---|--:|--:|--:|")
	for _, argument := range reviews {
		name, path, _ := strings.Cut(argument, "=")
		review, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		row, isKnown := policy[name]
		if !isKnown {
			return fmt.Errorf("%s is not in %s", name, own)
		}
		for _, engine := range all {
			allowed, err := engine.Review(review)
			if err != nil {
				return fmt.Errorf("%s: %s: %w", engine.Name(), name, err)
			}
			if allowed != (row.Verdict == "allowed") {
				return fmt.Errorf("%s: %s is allowed: %v, but the policy's verdict is %s", engine.Name(), name, allowed, row.Verdict)
			}
		}
		fmt.Printf("| %s | this policy, new instance | %s | %.1f | | 1.00 |\n", name, row.Verdict, row.Fresh.Policy)
		fmt.Printf("| | this policy, warm | | %.1f | | %.2f |\n", row.Warm.Policy, row.Warm.Policy/row.Fresh.Policy)
		fmt.Printf("| | a module that reads nothing, new instance | | %.1f | | %.2f |\n", row.Fresh.Floor, row.Fresh.Floor/row.Fresh.Policy)
		for _, engine := range all {
			whole, err := least(func() error { _, err := engine.Review(review); return err })
			if err != nil {
				return err
			}
			pod, err := podOf(review)
			if err != nil {
				return err
			}
			decoded, err := engine.Decode(pod)
			if err != nil {
				return err
			}
			alone, err := least(func() error { _, err := engine.Evaluate(decoded); return err })
			if err != nil {
				return err
			}
			fmt.Printf("| | %s | | %.1f | %.1f | %.2f |\n", engine.Name(), whole, alone, whole/row.Fresh.Policy)
		}
	}
	return nil
}

// least is the least of some rounds' medians, in microseconds.
func least(call func() error) (float64, error) {
	best := 0.0
	for round := range rounds {
		var times []time.Duration
		for end := time.Now().Add(patience); time.Now().Before(end); {
			begin := time.Now()
			if err := call(); err != nil {
				return 0, err
			}
			times = append(times, time.Since(begin))
		}
		slices.Sort(times)
		median := float64(times[len(times)/2].Nanoseconds()) / 1000
		if round == 0 || median < best {
			best = median
		}
	}
	return best, nil
}
