"""The pure core: records, policy, machine, clocks. No git, no files, no Click, no clock of the machine."""
