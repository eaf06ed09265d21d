"""The command-line tools of delivery at locked versions: the CDK CLI and the linters."""
