use ftpscope::*;
fn main(){ let n=std::env::args().nth(1).unwrap(); let mode=std::env::args().nth(2);
 let b=scenario::builtin(&n).unwrap(); let s=match scenario::parse(b.source,&n){Ok(s)=>s,Err(d)=>{println!("{}",scenario::render(&d,b.source,&n,false));return}};
 let s= if let Some(m)=mode { s.with_mode(m.parse().unwrap()) } else {s};
 println!("{:?}", insight::check(&s));
 let t=s.run().unwrap(); 
 for o in insight::outcomes(&t){println!("{o:?}");}
 export::write_json(&t,&mut std::io::stdout()).unwrap(); }
