// Command pss-oracle answers cases with the original Pod Security Standards evaluator.
//
// It reads one case per line of standard input and writes one answer per line to standard output, in the same order.
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
