// Command tools builds the development tools into .tools/bin. It is what make tools runs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/managed-mesh/terraform-provider-asm/internal/tools/build"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return
		}
		fmt.Fprintln(os.Stderr, "tools:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("tools", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "usage: tools [flags] [tool...]\n\nWithout a tool, all of them are built.")
		flags.PrintDefaults()
	}
	root := flags.String("root", filepath.Join("..", ".."), "the repository; go run -C internal/tools is two folders below it")
	what := flags.String("print", "", "print a path, after building what it needs: 'terraform' (for the demo: the one on PATH from "+
		strings.TrimPrefix(build.DemoTerraform, "v")+", else a built one) or 'clis' (a colon list for the acceptance suite)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	builder, err := build.New(*root, os.Stderr)
	if err != nil {
		return err
	}
	switch *what {
	case "":
		tools, err := build.Find(flags.Args()...)
		if err != nil {
			return err
		}
		built, err := builder.Ensure(ctx, tools)
		if err == nil && built == 0 && flags.NArg() == 0 {
			fmt.Fprintln(os.Stderr, "The tools in .tools/bin are up to date.")
		}
		return err
	case "terraform":
		cli, err := builder.ForDemo(ctx)
		if err != nil {
			return err
		}
		fmt.Println(cli.Path)
		return nil
	case "clis":
		clis, err := builder.ForTests(ctx)
		if err != nil {
			return err
		}
		var paths []string
		for _, cli := range clis {
			paths = append(paths, cli.Path)
		}
		fmt.Println(strings.Join(paths, string(os.PathListSeparator)))
		return nil
	default:
		return fmt.Errorf("-print takes terraform or clis, not %q", *what)
	}
}
