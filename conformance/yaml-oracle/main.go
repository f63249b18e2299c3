// Command yaml-oracle answers with kubectl's reading of a text, by running the decoder of its resource builder.
//
// It reads one text per line of standard input and writes one answer per line to standard output, in the same order.
package main

import (
	"fmt"
	"os"

	"pod-security-policy/conformance/lines"
)

func main() {
	if err := lines.Answer(os.Stdin, os.Stdout, answer); err != nil {
		fmt.Fprintln(os.Stderr, "yaml-oracle:", err)
		os.Exit(1)
	}
}
