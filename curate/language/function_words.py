"""Function words of the languages that share a script: articles, pronouns, prepositions, auxiliaries, conjunctions, and what chains of thought are full of.

They are a third to a half of running text and hardly ever borrowed, so two or three of them settle a sentence. A word that several languages have stands in each list. Words of one letter are
not looked at in Latin script: there they are variables. Lists are ours, made from grammars, and are in lower case.
"""

from collections.abc import Mapping

FUNCTION_WORDS: Mapping[str, str] = {
    # Latin script
    "en": """the of and to in is that it was for on are with as his they be at one have this from or had by but not what all were we when your can said there use an each which she do how their
        if will up other about out many then them these so some her would make like him into has look more write go see no way could people my than been who its now find did get come made may
        part over any after where most me our just because does must let should here also such only those between through both while since therefore thus hence however every first next
        yes wait okay well know think need maybe you he am being same another before why two give gives very don doesn isn let's that's find got""",
    "de": """der die das und ist in zu den von mit sich des auf für nicht ein eine als auch es an werden aus er hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben
        nur oder aber vor zur bis mehr durch man sein wurde sei wenn kann doch ihre seine ihr wir ich mich mir uns ihm ihn diese dieser dieses diesem diesen sehr schon hier da dann also weil muss
        müssen können gibt jetzt was wer wo warum damit daher deshalb zwischen gegen ohne unter beim vom ins im eines kein keine alle jede jeder jedes wäre würde hatte waren wurden ja nein du
        denn sowie bzw sondern""",
    "fr": """le la les de des du et est en un une que qui dans ce il elle au aux pour pas ne sur se plus par je avec tout faire son sa ses mais comme ou si leur leurs on nous vous ils elles être été
        était avoir avait ont sont fait peut cette ces cet même aussi bien donc alors très sans sous entre chaque puis car où dont lui mon ma mes votre notre nos vos ici là quand comment pourquoi
        parce après avant encore deux trois c'est qu'il qu il y a-t faut doit avons avez suis ainsi chez vers ça cela qu ni lors afin toujours jamais rien non mot""",
    "es": """el la los las de del que en un una unos unas por con para es se no su sus al lo como más pero sus le les ya este esta estos estas eso esa ese entonces porque cuando muy sin sobre también me
        hasta hay donde quien desde todo todos toda todas nos durante uno ni contra otros otro otra ante ellos ella él fue son era ser está están estaba tiene tienen tenemos puede pueden podemos debe deben debemos
        cada entre así si qué cómo dónde mi tu yo nosotros aquí ahora luego después antes hemos había han ha he sido hacer dos tres cual pues mientras aunque según bien vamos solo ir mas""",
    "it": """il lo la gli le di del della dei degli delle che è in un una uno per con non si da al alla ai alle nel nella nei nelle sul sulla come più ma anche sono se ha hanno questo questa questi queste
        essere ho dal dalla loro suo sua suoi cosa quando quindi allora così dove perché poi ogni tutti tutto tutte molto sempre ancora prima dopo tra fra io tu noi voi lui lei mi ci vi ne era
        erano stato stata fare può possiamo deve dobbiamo abbiamo ed quale quali qui ora già senza solo ciò dunque oppure cui hai sei ti no su vai va bene""",
    "pt": """de da do das dos que em um uma para com não os as no na nos nas por mais ao aos se como mas foi ele ela eles elas são seu sua seus suas ou quando muito já eu também só pelo pela pelos pelas até
        isso isto este esta esse essa aquele aquela entre depois sem mesmo ser está estão tem têm temos ter era eram há nós você vocês meu minha qual onde quem então porque cada assim aqui agora
        pode podem podemos deve sobre fazer todos todas tudo nem lhe num numa vamos antes dois duas três apenas ainda neste nesta ir dia""",
    "nl": """de het een en van in is dat op te zijn met voor niet aan er om ook als dan maar bij nog uit hij ze zij wordt naar door over hebben heeft had kan deze dit die wat was worden geen meer of we wij
        ik je jij u mijn zo al wel zou moet moeten kunnen tot onder tegen omdat dus daarom waar hoe waarom wie alle elke elk eerst nu hier daar ons onze hun haar werd werden waren zal want tussen
        zonder na toen veel twee laten als iets ten""",
    "pl": """i w na z do się nie jest to że o od po za jak dla czy ale są przez co ich jego jej ten ta te tego tej tym tych być był była było były więc oraz który która które których może można już
        tylko tak gdy gdzie kiedy bo przed przy nad pod bez także jednak każdy każda każde my ja on ona mamy mam ma mają musi musimy jeśli jeżeli ponieważ dlatego następnie teraz tutaj wszystkie
        między bardzo sobie nas nam mnie jako niż aby żeby lub albo ze go by je""",
    "sv": """och i att det som en på är av för med till den har de inte om ett han var jag men vi så från kan när man eller sig hon nu efter vara där här ska skulle också hur vad vid mot alla då måste
        eftersom därför detta denna dessa få får blir blev hade under över mellan varje mycket mer än bara sin sitt sina mig dig oss er deras utan både nästa låt du din ta in""",
    "da": """og i at det som en på er af for med til den har de ikke om et han var jeg men vi så fra kan når man eller sig hun nu efter være der her skal skulle også hvordan hvad ved mod alle må fordi
        derfor dette denne disse få får bliver blev havde under over mellem hver meget mere end bare kun sin sit sine mig dig os jer deres uden både næste lad hvis du din""",
    "no": """og i at det som en på er av for med til den har de ikke om et han var jeg men vi så fra kan når man eller seg hun nå etter være der her skal skulle også hvordan hva ved mot alle må fordi
        derfor dette denne disse få får blir ble hadde under over mellom hver mye mer enn bare sin sitt sine meg deg oss dere deres uten både neste la hvis noe ikkje eg du din ein dei ei ha nei utan kun""",
    "fi": """ja on ei että se hän oli ovat olla en mutta tai kun niin jos myös kuin joka jotka mitä mikä tämä nämä sen sitä siitä siihen nyt sitten koska siksi voi voimme voidaan pitää täytyy minä sinä
        me te he hänen meidän kaikki jokainen vain vielä jo hyvin ennen jälkeen kanssa ilman kaksi olisi tämän näin eli sekä ole olen missä miten miksi alla""",
    "cs": """je se na že to si by do ve ale jako za tak pro od po při když nebo jsou jsem být byl byla bylo byly co jak kde který která které už jen také protože proto tedy pak musí musíme může
        můžeme máme má mají jeho její jejich tento tato toto této tím ten ta každý všechny mezi před bez nad pod já my vy on ona ještě velmi aby než podle není nyní tady zde ne""",
    "sk": """je sa na že to si by do vo ale ako za tak pre od po pri keď alebo sú som byť bol bola bolo boli čo kde ktorý ktorá ktoré už len tiež pretože preto teda potom musí musíme môže môžeme máme
        má majú jeho jej ich tento táto toto tejto tým ten tá každý všetky medzi pred bez nad pod ja my vy on ona ešte veľmi aby než podľa nie teraz tu ho""",
    "hu": """az és hogy nem is ez egy de meg van volt csak ha már mint még ki el le fel akkor vagy majd azt ezt ezek azok minden kell lehet lesz lenne mert ezért tehát így hogyan hol mikor mi én te
        ő mi ti ők után előtt között alatt nélkül szerint nagyon két most itt ott ahol amely amelyek aki ami volna vannak nincs be sem ma""",
    "ro": """și de la în cu pe nu se este un o din care pentru ce mai că sunt ca sau dar au fost are fi ale al ai lui ei lor această acest aceste acești acesta atunci când unde cum dacă deci prin după
        înainte între fără sub peste foarte doar încă noi voi eu el ea fiecare toate toți trebuie poate putem avem aici acum apoi deoarece astfel îl nici unde ar am te vor sa da le nou jos""",
    "tr": """ve bir bu da de için ile olarak daha çok en gibi kadar ne ama o olan var yok değil mi her şey ben sen biz siz onlar sonra önce göre ise ya çünkü bunu bunun şimdi nasıl neden nerede
        eğer veya hem iki ancak olduğu olur oldu olup olan ki böyle şu diye üzere tüm bütün bazı burada yani az an son ara saat""",
    "id": """yang dan di itu dengan untuk tidak ini dari dalam akan pada juga saya ke karena ada mereka kita kami dia ia bisa dapat oleh atau seperti telah sudah lebih kalau jika maka tetapi tapi hanya
        saat setelah sebelum adalah sebagai bahwa kamu anda harus semua setiap antara tanpa sangat masih lagi apa siapa mengapa bagaimana dimana mari jadi sehingga namun satu dua ya""",
    "vi": """và là của có trong được cho không một các này với những đã khi để người từ như đến về ra nó cũng tôi chúng ta bạn anh họ ông bà vào thì mà sẽ nhưng hay hoặc nếu vì nên theo trên dưới phải
        rất hai ba đó đây nào gì sao bằng lại còn đang mỗi tất cả giữa sau trước vậy hãy do tra vi""",
    "ca": """el la els les de del dels que en un una uns unes per amb és no es se als al com més però si seu seva seus aquest aquesta aquests aquestes són ser està també perquè quan molt sense sobre
        fins hi ha on qui des tot tots tota totes entre així jo nosaltres ara llavors després abans hem han fer dos cada doncs vos aquí ni ja has lo any""",
    "hr": """je se na da su za od sa ne što kao to će bi ili ali koji koja koje kako iz po do ako jer kad kada gdje bio bila bilo biti može možemo ima imamo mora sve svi svaki ovaj ova ovo taj ta mi
        ja on ona oni njegov njihov između bez nakon prije samo još već vrlo također dakle zato onda sada ovdje nije nisu""",
    "sl": """je se na da so za od ne kot to bo bi ali pa ki ko iz po do če ker kje bil bila bilo biti lahko ima imamo mora vse vsi vsak ta tega te mi jaz on ona oni njegov njihov med brez po pred
        samo še že zelo tudi torej zato potem zdaj tukaj ni niso sta sem smo in""",
    "lt": """ir yra kad su iš bet kaip ar tai jis ji jie nuo per už prie po dėl taip ne nėra buvo būti gali turi mes aš jūs kuris kuri kurie šis ši visi visos kiekvienas tarp be prieš tik dar jau
        labai taip pat todėl tada dabar čia nes jei kur kada nei iki du""",
    "lv": """un ir ka ar no bet kā vai tas tā viņš viņa viņi par pie pēc uz lai nav bija būt var mēs es jūs kurš kura kuri šis šī visi visas katrs starp bez pirms tikai vēl jau ļoti arī tāpēc tad
        tagad šeit jo ja kur kad ne tu nu tai""",
    "et": """ja on ei et see ta oli kui aga või ning ka nii mis kes seda selle need olla oma ma me te nad minu meie kõik iga ainult veel juba väga pärast enne vahel ilma sest seetõttu siis nüüd siin
        kus millal kuidas miks saab peab võib ole""",
    "sw": """na ya wa kwa ni katika la za cha kuwa hii hiyo huo yake wake watu mtu si sana lakini au kama kila baada kabla pia tu sasa hapa hapo ambayo ambao ili kutoka hadi wote yote mimi wewe yeye
        sisi nini nani kwamba kwani""",
    "tl": """ang ng sa mga na at ay ako ko siya niya kami natin tayo sila nila ito iyon para hindi may kung ngunit pero kaya dahil lahat bawat lamang din rin pa po ba mo ka isang dalawa mula
        bago pagkatapos nang""",
    "af": """die en van is in het nie om te dat vir met op hy sy was sal kan maar ook as dit een wat by aan uit nog deur hulle ons ek jy word moet moes hierdie daardie elke alle omdat daarom dan nou
        hier daar tussen sonder na voor hoe waarom wie so baie al geen twee meer ja my ten tot onder wel of""",
    "sq": """dhe të në një për me që nga është si nuk ka por do kjo ky këto ata ajo ai ne ju unë janë ishte duhet mund shumë gjithë çdo pas para midis vetëm edhe sepse prandaj atëherë tani këtu ku kur
        ose te se jo ta pa""",
    "az": """və bir bu üçün ilə da də olan kimi daha çox ən olaraq onun bunu hər isə ki var yox amma lakin sonra əvvəl necə nə mən sən biz siz onlar olur olmalıdır deyil ya əgər yalnız bütün
        artıq heç çünki ancaq edir edin bilər görə qədər""",
    "eo": """la kaj de en estas al por ne ke kun ĝi vi mi ni ili li ŝi tiu ĉi tio kiu kiuj sed aŭ se el pri per sur ĉu devas povas esti estis pli plej ankaŭ nur jam kiam kiel ĉar via ĉiuj iu
        tiuj ĉe post antaŭ inter sen do kio""",
    "is": """og að er sem en með fyrir ekki það um til af við hann hún þetta þessi var eru frá eða ef þú ég hefur hafa verið má verður skal mun þegar eftir allt allir einn ein eitt sér sig upp
        hér þar hvernig hvað því þá líka bara""",
    "eu": """eta da ez bat du dira hau hori horrek ere edo baina bere baino izan egin dute dituzte behar dela den egiten zen nahi oso gehiago hemen duen dagoen arte bezala beste guztiak zure
        ezin honek daiteke""",
    "cy": """yr yn ar mae nid ei eu fod am gan wedi hwn hon hyn neu ond os gyda ac oedd bod chi ni fel cael rhaid dim eich cyn ôl sy sydd""",
    "ga": """an na agus ar le go do is ní bhfuil tá sé sí seo sin nó ach mar chun ón den don ag as níl gach bhí féidir raibh duit liom""",
    "br": """ha hag ar er an ur un eo ket gant evit war da ez pe ouzh bet emañ""",
    "uz": """va bu uchun bilan bir emas ham yoki lekin kerak ushbu edi agar faqat barcha qanday har siz men biz ular""",
    "gl": """o a os as de do da dos das en no na nos nas un unha uns unhas e ou non que é son ser está están este esta estes estas ese esa para por pola polo polos polas con coa co cos coas sen
        sobre ao á aos ás se seu súa seus súas máis pero tamén moi todo todos toda todas cada cando onde como pode poden debe deben ten teñen hai foi aquí agora xa só porque entre ata
        dende desde despois antes ningún ningunha algún algunha nun nunha lle eu ti nós vostede""",
    # Cyrillic
    "ru": """и в не на что он с как это все но по из за то так мы вы они она же от для или если бы был была было были есть нет к у я его её их до при чтобы когда где который которая которые которых
        только уже ещё еще может можно нужно надо потому поэтому тогда теперь здесь там тоже также каждый каждая каждое между без после перед над под очень этот эта эти этого том того пусть
        значит следовательно получаем чем себя мне нас вас нам ли ну быть во со об о эту мы наш наша решить сначала затем сейчас ни да""",
    "uk": """і в не на що він як це все але по з із за то так ми ви вони вона ж від для або якщо би був була було були є немає до у я його її їх при щоб коли де який яка які яких тільки вже ще може
        можна треба потрібно тому тоді тепер тут там також кожен кожна між без після перед над під дуже цей ця ці цього того нехай отже чи та бути маємо й зі цю спочатку потім зараз нам об""",
    "bg": """и в не на че той като това всички но по от за то така ние вие те тя да със или ако би беше бил била са е няма до при когато където който която които само вече още може трябва защото
        затова тогава сега тук там също всеки всяка между без след преди над под много този тази тези ще се си му го ги ни ми са съм сме към с има ви ли я""",
    "sr": """и у не на да је се су за од са што као то ће би или али који која које како из по до ако јер кад када где био била било бити може можемо има имамо мора све сви сваки овај ова ово тај
        ми ја он она они између без након пре само још већ врло такође дакле зато онда сада овде није нису нема""",
    "mk": """и во не на дека тој како ова сите но по од за тоа така ние вие тие таа да со или ако би беше бил била се е нема до при кога каде кој која кои само веќе уште може треба бидејќи затоа
        тогаш сега тука таму исто секој секоја меѓу без по пред над под многу овој оваа овие ќе си му го ги сум сме ја има мора ви што било""",
    "be": """і ў не на што ён як гэта усё але па з за то так мы вы яны яна ж ад для або калі бы быў была было былі ёсць няма да у я яго яе іх пры каб дзе які якая якія толькі ўжо яшчэ можа трэба таму
        тады цяпер тут там таксама кожны паміж без пасля перад над пад вельмі гэты гэтая гэтыя ці зараз""",
    "kk": """және бір бұл мен да де үшін деп бар жоқ емес ол олар біз сіз болып болады болған кейін дейін туралы сол осы барлық әр өте қазір мұнда ал егер бірақ немесе сондықтан""",
    "tt": """һәм бу белән өчен бер дә да түгел бар юк ул мин син без сез алар булырга тиеш кебек яки әмма ләкин бик иң соң элек итеп була""",
    "ky": """жана бир бул менен үчүн да эмес бар жок ал мен сиз биз алар керек же бирок абдан кийин мурун болуп болот туура ушул ар эле анын""",
    "mn": """нь ба байна энэ юм болон та уу үү бол бөгөөд биш тэр тул гэж гэсэн хэрэв эсвэл нэг дээр доор хийх байх байсан ёстой болно үед зөвхөн бүх""",
    # Arabic script
    "ar": """في من على إلى أن هذا هذه التي الذي كان كانت لا ما مع عن هو هي هم قد لم لن كل بين بعد قبل ثم أو و إذا كما حيث ذلك تلك نحن أنا أنت لكن لأن فإن إن أي غير عند حتى منذ هنا هناك يكون تكون
        ليس فقط أيضا جدا كيف لماذا متى أين لذلك إذن يمكن يجب عدد به""",
    "fa": """در به از که این را است با برای آن یک بود شد می تا بر هم خود یا ها های اما اگر باید شده کرد او ما شما من آنها چه نیز پس هر بین بعد قبل دو چون زیرا بنابراین نمی کند کنیم شود داریم دارد
        هستند نیست خواهد همه بسیار فقط اینجا آنجا کجا چرا چگونه روی و عدد""",
    "ur": """کے میں ہے کی اور سے کا کو نے پر ہیں یہ اس کہ وہ بھی تھا تھی تھے جو تو ہو ایک نہیں کر لیے لئے ساتھ بعد پہلے اگر لیکن یا ہم آپ میرا ان جب کیا کیوں کیسے کہاں گیا رہا ہوں ہوتا سکتا
        سکتے اب یہاں وہاں صرف بہت ہر دو""",
    "ug": """ۋە بۇ بىر بىلەن ئۈچۈن ئەمەس بار يوق ئۇ مەن سىز بىز ئۇلار ياكى ئەگەر كېرەك دەپ بولۇپ بولسا پەقەت""",
    "ckb": """و لە بە بۆ ئەم کە یان نییە هەیە دەبێت ئەو تۆ من ئێمە نابێت لەگەڵ پێویستە ئەوە هەموو تەنها""",
    # Devanagari
    "hi": """है के में की का और से को पर हैं यह कि नहीं भी तो ने एक था थी थे इस हम वह जो कर लिए साथ बाद पहले अगर यदि लेकिन या आप मैं उस जब क्या क्यों कैसे कहाँ गया रहा हो होता सकता सकते अब यहाँ वहाँ
        केवल बहुत हर इसलिए क्योंकि हमें दो अतः ही""",
    "mr": """आहे आणि च्या मध्ये हे ते ही तो ती या की नाही पण तर का आहेत होते होता होती हा केले करून साठी वर नंतर आधी जर किंवा आम्ही मी तुम्ही आपण त्या त्याच्या कसे कुठे का आता येथे तेथे फक्त खूप
        प्रत्येक म्हणून कारण एक दोन असे""",
    "ne": """छ र को मा हो का की ले लाई यो त्यो छन् पनि गर्न गरेको भएको थियो थिए एक नै तर वा यदि हामी म तपाईं उनी जो किन कसरी कहाँ अब यहाँ त्यहाँ मात्र धेरै हरेक त्यसैले किनभने दुई भने हुन्छ गर्ने
        सबै कि""",
}
