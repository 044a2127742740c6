// Command argocd is the part of Argo CD that e2e needs: repo server and application controller as they are, a Redis in memory
// for them, and its Lua machine for health checks by itself.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alicebob/miniredis/v2"
	controller "github.com/argoproj/argo-cd/v3/cmd/argocd-application-controller/commands"
	reposerver "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	"github.com/argoproj/argo-cd/v3/util/lua"
	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func main() {
	root := &cobra.Command{Use: "argocd", SilenceUsage: true}
	root.AddCommand(reposerver.NewCommand(), controller.NewCommand(), redis(), health())
	if root.Execute() != nil {
		os.Exit(1)
	}
}

func redis() *cobra.Command {
	return &cobra.Command{Use: "redis ADDRESS", Args: cobra.ExactArgs(1), RunE: func(_ *cobra.Command, args []string) error {
		if err := miniredis.NewMiniRedis().StartAddr(args[0]); err != nil {
			return err
		}
		ended := make(chan os.Signal, 1)
		signal.Notify(ended, os.Interrupt, syscall.SIGTERM)
		<-ended
		return nil
	}}
}

// health reads [{"script": "…", "object": {…}}] and prints [{"status": "…", "message": "…"}], as the controller would see them.
func health() *cobra.Command {
	return &cobra.Command{Use: "health", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		var cases []struct {
			Script string
			Object map[string]any
		}
		if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
			return err
		}
		told := make([]any, 0, len(cases))
		for i, each := range cases {
			status, err := lua.VM{}.ExecuteHealthLua(&unstructured.Unstructured{Object: each.Object}, each.Script)
			if err != nil {
				return fmt.Errorf("case %d: %w", i, err)
			}
			told = append(told, status)
		}
		return json.NewEncoder(os.Stdout).Encode(told)
	}}
}
