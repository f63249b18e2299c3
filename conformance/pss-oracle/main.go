// Command pss-oracle answers what the Pod Security Standards say about a pod, by running the original evaluator.
//
// It reads one question per line of standard input and writes one answer per line to standard output, in the same order.
package main

import (
	"fmt"
	"os"

	"pod-security-policy/conformance/lines"
)

func main() {
	judge, err := newJudge()
	if err == nil {
		err = lines.Answer(os.Stdin, os.Stdout, judge.answer)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "pss-oracle:", err)
		os.Exit(1)
	}
}
