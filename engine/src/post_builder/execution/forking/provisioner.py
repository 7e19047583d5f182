"""How Jupyter starts a kernel that is forked from a template."""

from __future__ import annotations

from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Any as AnyTrait

from post_builder.execution.environment import unguarded
from post_builder.execution.forking.forker import Forker


class TemplateProvisioner(LocalProvisioner):
    """Forks a kernel; starts it as usual where there is no template that is up to date."""

    template: Forker | None = AnyTrait(None, allow_none=True)  # type: ignore[assignment]

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:  # noqa: ANN401  # as its base
        """Start a kernel."""
        forked = None
        if self.template is not None and await self.template.ready():
            forked = await self.template.fork(
                unguarded(cmd), kwargs["env"], kwargs["cwd"], kwargs["stdout"].fileno()
            )
        if forked is None:
            return await super().launch_kernel(cmd, **kwargs)
        self.process = forked  # type: ignore[assignment]  # it does all that is asked of one
        self.pid = self.pgid = forked.pid
        self.cwd = kwargs["cwd"]
        return self.connection_info
