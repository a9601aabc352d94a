import sys,time; sys.path.insert(0,'/work/wt/clocks14')
from datetime import timedelta
from uuid import uuid4
import sqlalchemy as sa
from tests.clocks.conftest import NIGHT, BERLIN
from tidegate.clocks.packs import read_packs
from tidegate.clocks.model import Subject
from tidegate.clocks import actions

from tidegate.infra.clock import FakeClock
from tidegate.pipeline.ringing import ring_due
from tidegate.infra.settings import Settings
def test_bench(database, clock, instance):
    packs=read_packs()
    from tidegate.enforcement.webhooks import create_webhook
    from tidegate.pipeline.house import MESSAGE_TYPES
    with database.begin() as tx:
        create_webhook(tx, "https://pager.example/hook", False, True, known=MESSAGE_TYPES)
        one=actions.start(tx,packs,"tco.remove",subject=Subject("order_item","a/1"),at=tx.now,event="order.received",us="provider",terms=BERLIN)
    t=time.time()
    with database.begin() as tx:
        cols=[c.name for c in __import__('tidegate.clocks.tables',fromlist=['clocks']).clocks.columns]
        rest=[c for c in cols if c not in("id","subject_id","started_at","due_at","due_latest","warnings","next_at")]
        # 990k far, 10k spread over one minute
        tx.execute(sa.text(f"""INSERT INTO clocks (id,subject_id,started_at,due_at,due_latest,warnings,next_at,{','.join(rest)})
          SELECT gen_random_uuid(), 'b/'||n, started_at+d, due_at+d, due_latest+d, ARRAY[warnings[1]+d,warnings[2]+d,warnings[3]+d], next_at+d, {','.join(rest)}
          FROM clocks, (SELECT n, CASE WHEN n<=10000 THEN n*interval '6 ms' ELSE interval '2 days'+ n*interval '1 s' END AS d FROM generate_series(1,1000000) n) s"""))
        tx.execute(sa.text("""INSERT INTO clock_events SELECT id,1,'order.received',started_at,null,started_at,'system',null,due_at,due_latest,warnings FROM clocks ON CONFLICT DO NOTHING"""))
    print("filled",time.time()-t)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c: c.execute(sa.text("ANALYZE"))
    for label,at in (("warn",31*60),("again",60),("expire",30*60)):
        clock.advance(at); t=time.time(); n=0; 
        while True:
            with database.begin() as tx: k=ring_due(tx,instance.settings)
            n+=k
            if not k: break
        print(label,n,round(time.time()-t,2),"s", round(n/(time.time()-t)),"/s")
    with database.begin() as tx:
        for q in ("SELECT * FROM clocks WHERE ours AND state='running' ORDER BY due_at,id LIMIT 51","SELECT * FROM clocks WHERE ringing_since IS NOT NULL AND acknowledged_at IS NULL ORDER BY due_at,id LIMIT 51","SELECT count(*) FROM clocks WHERE ringing_since IS NOT NULL AND acknowledged_at IS NULL","SELECT * FROM clocks WHERE name='tco.copy' ORDER BY due_at,id LIMIT 51"):
            t=time.time(); tx.execute(sa.text(q)).all(); print(q, round(time.time()-t,4))
