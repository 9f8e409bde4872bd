"""`curate mix`: filtered sets into the one that is trained on."""

from typing import Any

import click


class Quota(click.ParamType[Any]):
    """`domain=number,domain=number`."""

    name = "domain=n,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[tuple[str, int]]:
        pairs = []
        for part in filter(None, str(value).split(",")):
            name, equals, number = part.rpartition("=")
            if not (name.strip() and equals and number.replace("_", "").strip().isdecimal()):
                self.fail(f"{part!r} is not of the form DOMAIN=NUMBER", param, ctx)
            pairs.append((name.strip(), int(number)))
        return pairs


@click.command("mix")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", required=True, help="The directory to make; also s3://bucket/path.")
@click.option("--recipe", help="Quotas by name: r1, the 804,745 samples of the paper.")
@click.option(
    "--quota",
    "quotas",
    type=Quota(),
    multiple=True,
    help="Samples wanted of each domain, such as math=3000,code=1000; others are left out.",
)
@click.option("--total", type=click.IntRange(min=1), help="Scale the quotas to this many samples.")
@click.option("--per-prompt", type=click.IntRange(min=1), help="Samples of a prompt at most, over all inputs.")
@click.option(
    "--validation", type=float, default=0.0, show_default=True, help="Share of the prompts that is held out, with all their samples."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the shuffle, the choice and the split.")
@click.option("--rejects", is_flag=True, help="Also take rejected rows, which --where can then choose from.")
@click.option("--where", help="SQL condition over a row's columns, such as 'reasoning_longest_paragraph <= 250': limits can be moved here.")
@click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar="FIELD=COLUMN,...",
    help="Columns of somebody else's set, or a ready map, as in curate filter.",
)
@click.option("--overwrite", is_flag=True, help="Remove what is in the directory first.")
def command(inputs: tuple[str, ...], output: str, **given: Any) -> None:
    """Mix the kept rows of INPUTs, dataset directories of ours or files of anyone, into a directory with train/ and validation/, shuffled.

    Without quotas everything is taken. A quota that cannot be filled is told and no sample is taken twice. The result depends on the rows, the quotas and the seed, and on nothing else.
    """
    from curate import api
    from curate.cli import own_package
    from curate.cli.filter import foreign_mapping
    from curate.errors import UsageError
    from curate.report.mixed import render_mixed
    from curate.storage import shown

    recipe, quotas = given.pop("recipe"), dict(pair for pairs in given.pop("quotas") for pair in pairs)
    if recipe is not None:
        known = own_package("pipelines.mixtures").MIXTURES
        if recipe not in known:
            raise UsageError(f"--recipe {recipe}: there is no mixture of that name; there are {', '.join(known)}")
        quotas = dict(known[recipe]) | quotas
    made = api.mix(inputs, output, quotas=quotas or None, mapping=foreign_mapping(given.pop("mapping")), **given)
    click.echo(render_mixed(made.stats))
    for name, missing in made.shortfall.items():
        click.echo(f"warning: {missing:,} samples of {name} are missing to the quota", err=True)
    click.echo(f"{made.stats['funnel']['train'] + made.stats['funnel']['validation']:,} samples in {shown(output)}")
